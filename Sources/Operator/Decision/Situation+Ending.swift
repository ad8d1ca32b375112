import Engines
import KubeClient
import Status
import TowlineAPI

extension Situation {
    /// The run ended: mirror it once, with the cause where it failed.
    func finishStep(_ run: EngineRun, _ spec: ExecutionSpec) -> Step {
        var state = run.state
        let listings = engine.childListings(for: run)
        if !listings.isEmpty {
            switch facts.detail {
            case .unread: return .readDetail(run, listings)
            case .read(let detailed): state = detailed
            case .postponed: return .retry(notBefore: facts.askedPause)
            case .unreadable: break
            }
        }
        var observation = observation(of: run, state)
        if wasEndedByWatchdog(run, spec) {
            observation.reason = .watchdogExpired
            observation.message = """
                The run exceeded its timeout of \(spec.executionConfig.timeoutSeconds ?? 0) seconds and was terminated.
                """
        } else if let mismatch = digestMismatch(state, spec) {
            observation.reason = .digestMismatch
            observation.message = mismatch
        }
        return report(withdrawingEverything([.observed(observation)]))
    }

    /// What to say when the engine ran another bundle than the one that was pinned; nil when it did not.
    private func digestMismatch(_ state: RunState, _ spec: ExecutionSpec) -> String? {
        guard let pinned = spec.workflowRef.containerDigest, let resolved = state.resolvedDigest, pinned != resolved
        else { return nil }
        return "The execution pins the bundle to \(pinned), but \(engine.title) resolved \(resolved). \(state.message)"
    }

    /// The run that was seen is gone, proven by a live read.
    func disappearance(_ last: EngineRun?) -> [ExecutionEvent] {
        var events: [ExecutionEvent] = []
        // What it said last is better than nothing: progress, and whether a step had started.
        if let last, isOurs(last), !last.state.isFinished {
            events.append(.observed(observation(of: last, last.state)))
        }
        let name = execution.status.runRef?.name ?? execution.runName
        let message = """
            \(engine.runType.kind) \(name) was deleted before its end was seen. Whether its steps had effects is \
            not known; it is not created again.
            """
        return withdrawingEverything(events + [ended(.runDeleted, message)] + gone(.general(.runDeleted), message))
    }

    /// `events`, and the withdrawal of what was said about a run that is no more.
    private func withdrawingEverything(_ events: [ExecutionEvent]) -> [ExecutionEvent] {
        withdrawingRunningConditions(events) + withdrawing([.shutdownRefused])
    }

    /// The verdict when the object of the run's name is not the execution's run.
    func impostor(_ run: EngineRun) -> [ExecutionEvent] {
        let object = "\(engine.runType.kind) \(run.key.name)"
        if let known = execution.status.runRef {
            let message = """
                \(object) is not the run that was started: its UID is \(run.uid), that of the run was \(known.uid).
                """
            return withdrawingEverything([ended(.runReplaced, message)] + gone(.general(.runReplaced), message))
        }
        let message = """
            \(object) exists and does not belong to this execution; it was left as it is. Create the execution again \
            under another name.
            """
        return [ended(.nameCollision, message)]
    }
}
