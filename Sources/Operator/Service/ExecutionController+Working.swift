import KubeClient
import KubeRuntime

extension ExecutionController {
    /// What the end of one task means for those beside it.
    private enum Turn {
        case goesOn
        case ends
    }

    /// Works on executions and verifies their runs until `stop` is set and the workers have ended.
    func work(until stop: Latch) async {
        await withTaskGroup(of: Turn.self) { group in
            group.addTask { await self.serve(until: stop) }
            group.addTask { await self.closeQueue(at: stop) }
            group.addTask { await self.verify() }
            group.addTask { await self.catchUp() }
            for await turn in group where turn == .ends { break }
            executions.expiries.stop()
            reconciler.recovery.stop()
            group.cancelAll()
        }
    }

    /// Takes keys from the queue, several at a time, until it is shut down.
    private func serve(until stop: Latch) async -> Turn {
        await gate.wait()
        await fence?.passed.wait(for: configuration.timing.takeoverPatience, time)
        guard !stop.isSet, !Task.isCancelled else { return .ends }
        logger.info("Starting workers", ["workers": .integer(Int64(configuration.workers))])
        reconciler.inherit()
        beginQueueing()
        await withDiscardingTaskGroup { group in
            for _ in 0..<configuration.workers {
                group.addTask {
                    while let item = await self.queue.next() { await self.handle(item) }
                }
            }
        }
        return .ends
    }

    private func handle(_ item: WorkItem<ObjectKey>) async {
        let logger = logger.reconciling(item.key, id: makeReconcileID(), attempt: item.attempt)
        let start = time.now
        metrics.began()
        let outcome = await reconcile(item, logger)
        queue.done(item.key, outcome)
        let duration = start.duration(to: time.now)
        metrics.ended(outcome, after: duration)
        logger.debug(
            "Reconciled",
            [
                "result": .own(ReconcileMetrics.Result(outcome).rawValue), "duration": .own(duration.goText),
            ])
    }

    /// Reconciles one execution, and breaks that off when it takes too long, so that no other waits for it for ever.
    private func reconcile(_ item: WorkItem<ObjectKey>, _ logger: Logger) async -> WorkOutcome {
        let (outcome, tookTooLong) = await time.run(for: configuration.timing.reconcileDeadline) {
            await self.reconciler.reconcile(item.key, waited: item.waited, logger: logger)
        }
        if tookTooLong {
            metrics.timedOut()
            logger.warn("A reconciliation took too long and is broken off")
        }
        return outcome ?? .failed()
    }

    /// Hands out no work once `stop` is set, and returns when what was handed out has had its time.
    private func closeQueue(at stop: Latch) async -> Turn {
        await stop.wait()
        executions.expiries.stop()
        reconciler.recovery.stop()
        queue.shutDown()
        gate.open()
        try? await time.sleep(for: configuration.timing.shutdownGrace)
        return .ends
    }

    /// Verifies the runs, each engine for itself, once the workers have started.
    private func verify() async -> Turn {
        await isServing.wait()
        executions.freshness.start()
        await withDiscardingTaskGroup { group in
            for verifier in verifiers {
                group.addTask { await verifier.run() }
            }
        }
        return .goesOn
    }

    private func catchUp() async -> Turn {
        await fence?.run()
        return .goesOn
    }
}
