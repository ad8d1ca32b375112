import KubeClient

/// Templates that are tried several times.
extension SimulatedWorkflow {
    /// How often a template is tried again that sets no limit.
    private static let mostRetries = 1000

    mutating func executeRetry(
        _ call: TemplateCall, _ template: JSONValue, _ inputs: [(name: String, value: String)], at now: Timestamp
    ) {
        make(call, .retry, .running, inputs: inputs, at: now)
        let id = tree.id(of: call.nodeName)
        // Unless the first try is still to come, the last one decides; it may have moved on since.
        for _ in 0..<2 {
            let tries = tree[id]?.children ?? []
            if let last = tries.last, let node = tree[last] {
                retry(call, number: tries.count - 1, at: now)
                guard let current = tree[last], current.phase.isFulfilled else { return }
                if conclude(id, current, template, tries: tries.count, at: now) { return }
                guard node.phase.isFulfilled else { continue }
            }
            retry(call, number: tries.count, at: now)
            return
        }
    }

    /// Makes a try, or lets it go on.
    private mutating func retry(_ call: TemplateCall, number: Int, at now: Timestamp) {
        var attempt = call
        attempt.nodeName = "\(call.nodeName)(\(number))"
        attempt.displayName = "\(call.displayName)(\(number))"
        attempt.flag = .retried
        attempt.isRetry = true
        attempt.depth += 1
        execute(attempt, at: now)
        tree.connect(tree.id(of: call.nodeName), to: tree.id(of: attempt.nodeName))
    }

    /// Ends the node when its last try succeeded or no other may follow, and tells whether it need not be tried now.
    private mutating func conclude(
        _ id: String, _ last: WorkflowNode, _ template: JSONValue, tries: Int, at now: Timestamp
    ) -> Bool {
        let strategy = template["retryStrategy"]
        let limit = strategy?["limit"]?.scalarText.flatMap { Int($0) } ?? Self.mostRetries
        let policy = strategy?["retryPolicy"]?.stringValue ?? "OnFailure"
        let mayRetry = policy == "Always" || (policy == "OnError") == (last.phase == .error)
        if !last.phase.isFailure {
            tree[id]?.outputs = last.outputs
            tree.mark(id, .succeeded, at: now)
        } else if request.isShutdown {
            tree.mark(id, last.phase, "Stopped with strategy '\(request.shutdown)'", at: now)
        } else if let deadline, now >= deadline {
            tree.mark(id, last.phase, "retry exceeded workflow deadline \(deadline)", at: now)
        } else if tries > limit {
            tree[id]?.outputs = last.outputs
            tree.mark(id, last.phase, "No more retries left", at: now)
        } else if !mayRetry {
            tree[id]?.outputs = last.outputs
            tree.mark(id, last.phase, last.message, at: now)
        } else if let backoff = backoff(strategy, after: last, tries: tries), now < backoff {
            retryTimes.append(backoff)
        } else {
            return false
        }
        return true
    }

    private func backoff(_ strategy: JSONValue?, after last: WorkflowNode, tries: Int) -> Timestamp? {
        guard let backoff = strategy?["backoff"], let text = backoff["duration"]?.scalarText,
            let duration = Int64(text).map({ Duration.seconds($0) }) ?? Duration.goLimit(text)
        else { return nil }
        let factor = backoff["factor"]?.scalarText.flatMap { Int($0) } ?? 1
        var delay = duration
        for _ in 1..<max(2, min(tries, 20)) where tries > 1 { delay = min(delay * max(1, factor), .seconds(86_400)) }
        return (last.finishedAt ?? last.startedAt) + delay
    }
}
