import APIServer
import KubeClient

/// Advances a started run: cancellation, timeouts, tasks, and status.
extension SimulatedPipelineRun {
    static func isCancelRequest(_ request: String) -> Bool {
        ["Cancelled", "CancelledRunFinally", "StoppedRunFinally"].contains(request)
    }

    /// One reconciliation of the run: writes its status at most once.
    mutating func proceed(at now: Timestamp) -> [RunAction<PipelineReference>] {
        guard let plan else { return [] }
        var actions = advanceTasks(to: now)
        if request == "Cancelled" {
            actions += cancelTasks(plan.tasks.indices, Self.cancelMessage, .cancelled)
            end(.failed, "Cancelled", "PipelineRun \"\(key.name)\" was cancelled", at: now)
            return actions + flush()
        }
        if let startedAt, timeout > .zero, now >= startedAt + timeout {
            actions += cancelTasks(plan.tasks.indices, Self.timeoutMessage, .timedOutWithRun)
            let limit = timeout.goText
            end(
                .failed, "PipelineRunTimeout", "PipelineRun \"\(key.name)\" failed to finish within \"\(limit)\"",
                at: now)
            return actions + flush()
        }
        if let lateProblem, status["childReferences"] != nil {
            fail(lateProblem, at: now)
            return actions + flush()
        }
        actions += cancelPart(of: plan, at: now)
        let facts = facts(at: now)
        actions += schedule(facts, plan: plan, at: now)
        if !isEnded { describe(facts, plan: plan, at: now) }
        return actions + flush()
    }

    /// Advances every TaskRun that has due work.
    mutating func advanceTasks(to now: Timestamp) -> [RunAction<PipelineReference>] {
        var writes: [ClusterWrite] = []
        for index in taskRuns.indices {
            for number in taskRuns[index].indices {
                guard let wakeTime = taskRuns[index][number].wakeTime, wakeTime <= now else { continue }
                writes += taskRuns[index][number].advance(to: now)
            }
        }
        return writes.map { .write($0) }
    }

    /// Cancels the tasks that a graceful cancellation or an expired timeout affects.
    private mutating func cancelPart(of plan: PipelinePlan, at now: Timestamp) -> [RunAction<PipelineReference>] {
        let graph = plan.tasks.indices.filter { !plan.tasks[$0].isFinally }
        if request == "CancelledRunFinally" { return cancelTasks(graph, Self.cancelMessage, .cancelled) }
        if haveTasksTimedOut(at: now) { return cancelTasks(graph, Self.timeoutMessage, .timedOutWithRun) }
        if hasFinallyTimedOut(at: now) {
            return cancelTasks(plan.tasks.indices, Self.timeoutMessage, .timedOutWithRun)
        }
        return []
    }

    private static let cancelMessage = "TaskRun cancelled as the PipelineRun it belongs to has been cancelled."
    private static let timeoutMessage = "TaskRun cancelled as the PipelineRun it belongs to has timed out."

    private mutating func cancelTasks(
        _ indices: some Sequence<Int>, _ message: String, _ outcome: SimulatedTaskRun.Outcome
    ) -> [RunAction<PipelineReference>] {
        var writes: [ClusterWrite] = []
        for index in indices {
            for number in taskRuns[index].indices {
                if let write = taskRuns[index][number].cancel(message, outcome: outcome) { writes.append(write) }
            }
        }
        return writes.map { .write($0) }
    }

    /// Creates the TaskRuns that can start.
    private mutating func schedule(
        _ facts: PipelineFacts, plan: PipelinePlan, at now: Timestamp
    ) -> [RunAction<PipelineReference>] {
        let ready = facts.ready(plan: plan, mayStartGraph: !Self.isCancelRequest(request))
        if facts.isGraphDone, finallyStartedAt == nil, ready.contains(where: { plan.tasks[$0].isFinally }) {
            finallyStartedAt = now
            status["finallyStartTime"] = .string(now.rfc3339)
        }
        var actions: [RunAction<PipelineReference>] = []
        var children = status["childReferences"]?.elements ?? []
        for index in ready {
            let created: [(taskRun: SimulatedTaskRun, object: JSONValue)]
            do throws(PipelineProblem) {
                created = try makeTaskRuns(index, plan: plan)
            } catch {
                fail(error, at: now)
                return actions
            }
            taskRuns[index] = created.map(\.taskRun)
            for (taskRun, object) in created {
                actions.append(.write(.create(Tekton.taskRuns, namespace: key.namespace, object)))
                children.append(childReference(index, name: taskRun.template.name, plan: plan))
            }
        }
        if !children.isEmpty { status["childReferences"] = .array(children) }
        return actions
    }

    private func childReference(_ index: Int, name: String, plan: PipelinePlan) -> JSONValue {
        var reference: JSONObject = [
            "apiVersion": .string(Tekton.apiVersion), "kind": "TaskRun", "name": .string(name),
            "pipelineTaskName": .string(plan.tasks[index].name),
        ]
        reference["whenExpressions"] = resolvedTask(index, plan: plan)["when"]
        return .object(reference)
    }

    /// Updates the condition, skipped tasks, and results; finishes the run if nothing is left to do.
    private mutating func describe(_ facts: PipelineFacts, plan: PipelinePlan, at now: Timestamp) {
        let skipped = facts.skipped.map { index, reason in
            var entry: JSONObject = ["name": .string(plan.tasks[index].name), "reason": .string(reason.rawValue)]
            if reason == .whenExpressions || !plan.tasks[index].isFinally {
                entry["whenExpressions"] = resolvedTask(index, plan: plan)["when"]
            }
            return JSONValue.object(entry)
        }
        if !skipped.isEmpty { status["skippedTasks"] = .array(skipped) }
        let condition = condition(for: facts, plan: plan, at: now)
        guard condition.status != .unfinished else {
            setCondition(condition.status, condition.reason, condition.message, at: now)
            return
        }
        end(condition.status, condition.reason, condition.message, at: now)
        let results = pipelineResults(plan: plan)
        if !results.isEmpty { status["results"] = .array(results) }
    }
}
