import KubeClient

/// A template to execute as a node.
struct TemplateCall {
    /// The text of a ``TemplateKey``.
    var template: String
    var nodeName: String
    var displayName: String
    var boundaryID: String?
    var flag = WorkflowNode.Flag.none
    var isPartOfExitHandler = false
    /// The names by which annotations refer to it.
    var names: [String]
    var arguments: [String: String] = [:]
    /// The nesting depth of the call.
    var depth = 0
    /// Whether this is one attempt of a template with a retry strategy.
    var isRetry = false
}

/// The execution of a workflow: its entrypoint, then its exit handler.
extension SimulatedWorkflow {
    private static let maximumDepth = 50

    mutating func operate(at now: Timestamp) {
        retryTimes = []
        // Argo ignores even a shutdown while the workflow is suspended.
        guard !request.isSuspended else { return }
        let entrypoint = effective["entrypoint"]?.stringValue ?? ""
        var arguments: [String: String] = [:]
        for parameter in effective["arguments"]?["parameters"]?.elements ?? [] {
            let name = parameter["name"]?.stringValue ?? ""
            arguments[name] = globals["workflow.parameters.\(name)"]
        }
        execute(
            TemplateCall(
                template: entrypoint, nodeName: key.name, displayName: key.name, names: [entrypoint],
                arguments: arguments), at: now)
        guard let root = tree[key.name], root.phase.isFulfilled else { return }
        let onExit = effective["onExit"]?.stringValue ?? ""
        var exitNode: WorkflowNode?
        if !onExit.isEmpty, request.shutdown != "Terminate" {
            let name = "\(key.name).onExit"
            globals["workflow.status"] = root.phase.rawValue
            execute(
                TemplateCall(
                    template: onExit, nodeName: name, displayName: name, flag: .hooked, isPartOfExitHandler: true,
                    names: [onExit], arguments: arguments), at: now)
            exitNode = tree.node(named: name)
            guard exitNode?.phase.isFulfilled == true else { return }
        }
        conclude(root, exitNode, at: now)
    }

    private mutating func conclude(_ root: WorkflowNode, _ exitNode: WorkflowNode?, at now: Timestamp) {
        if root.phase.isFailure {
            finishAfterDescribing(
                root.phase, request.isShutdown ? "Stopped with strategy '\(request.shutdown)'" : root.message, at: now)
        } else if let exitNode, exitNode.phase.isFailure {
            finishAfterDescribing(exitNode.phase, exitNode.message, at: now)
        } else {
            finishAfterDescribing(.succeeded, "", at: now)
        }
    }

    /// Ends the workflow after an update of the status, so that `PodRunning` precedes `Completed` in the conditions.
    private mutating func finishAfterDescribing(_ phase: NodePhase, _ message: String, at now: Timestamp) {
        describe(at: now)
        finish(phase, message, at: now)
    }

    /// Executes a template until it has to wait.
    mutating func execute(_ call: TemplateCall, at now: Timestamp) {
        let id = tree.id(of: call.nodeName)
        if let node = tree[id], node.phase.isFulfilled || node.kind.isExecutable { return }
        guard let template = templates[call.template] else {
            return fail(call, "template \(TemplateKey(call.template).name) not found", at: now)
        }
        guard call.depth < Self.maximumDepth else { return fail(call, "Maximum recursion depth exceeded.", at: now) }
        var inputs: [(name: String, value: String)] = []
        for declaration in template["inputs"]?["parameters"]?.elements ?? [] {
            let name = declaration["name"]?.stringValue ?? ""
            let value = call.arguments[name] ?? declaration["value"]?.scalarText ?? declaration["default"]?.scalarText
            guard let value else { return fail(call, "inputs.parameters.\(name) was not supplied", at: now) }
            inputs.append((name, value))
        }
        if template["retryStrategy"] != nil, !call.isRetry {
            executeRetry(call, template, inputs, at: now)
        } else if template["steps"] != nil {
            make(call, .steps, .running, inputs: inputs, at: now)
            executeSteps(call, template, id: id, at: now)
        } else if template["dag"] != nil {
            make(call, .dag, .running, inputs: inputs, at: now)
            executeDAG(call, template, id: id, at: now)
        } else if template["suspend"] != nil {
            make(call, .suspend, .running, inputs: inputs, at: now)
        } else {
            makePod(call, template, inputs: inputs, at: now)
        }
    }

    /// Creates the node of a call unless it exists.
    mutating func make(
        _ call: TemplateCall, _ kind: WorkflowNode.Kind, _ phase: NodePhase, message: String = "",
        inputs: [(name: String, value: String)] = [], at now: Timestamp
    ) {
        let id = tree.id(of: call.nodeName)
        guard tree[id] == nil else { return }
        var node = WorkflowNode(
            id: id, name: call.nodeName, displayName: call.displayName, kind: kind,
            template: kind == .stepGroup ? nil : TemplateKey(call.template), callerScope: scope(of: call.boundaryID),
            boundaryID: call.boundaryID, flag: call.flag, startedAt: now, isPartOfExitHandler: call.isPartOfExitHandler,
            phase: phase)
        node.message = message
        node.inputs = inputs
        if phase.isFulfilled { node.finishedAt = now }
        tree[id] = node
    }

    /// The scope of a node's template.
    private func scope(of id: String?) -> String {
        id.flatMap { tree[$0]?.template?.scope } ?? ""
    }

    private mutating func fail(_ call: TemplateCall, _ message: String, at now: Timestamp) {
        var call = call
        call.flag = .empty
        make(call, .skipped, .error, message: message, at: now)
    }

    private mutating func makePod(
        _ call: TemplateCall, _ template: JSONValue, inputs: [(name: String, value: String)], at now: Timestamp
    ) {
        if request.isShutdown, !(request.isStop && call.isPartOfExitHandler) {
            let message = "workflow shutdown with strategy: \(request.shutdown)"
            make(call, .pod, .failed, message: message, inputs: inputs, at: now)
            return
        }
        make(call, .pod, .pending, inputs: inputs, at: now)
        let id = tree.id(of: call.nodeName)
        let container = substitute(template["container"] ?? template["script"] ?? [:], inputs: inputs, boundary: nil)
        let name =
            call.nodeName == key.name
            ? key.name : "\(key.name)-\(TemplateKey(call.template).name)-\(FNV.hash32(call.nodeName))"
        let pod = SimulatedPod(
            namespace: key.namespace, name: String(name.suffix(253)),
            containers: [SimulatedPod.Container(name: "main", template: container)])
        let own =
            (template["timeout"]?.scalarText).flatMap(Duration.goLimit)
            ?? template["activeDeadlineSeconds"]?.scalarText.flatMap { Int64($0) }.map { .seconds($0) }
        let deadlines = [own.map { now + $0 }, call.isPartOfExitHandler ? nil : deadline]
        tree[id]?.pod = NodePod(
            pod: pod, names: call.names, deadline: deadlines.compactMap { $0 }.min(),
            outputs: template["outputs"]?["parameters"]?.elements ?? [])
        var labels: JSONObject = [Argo.prefix + "workflow": .string(key.name), Argo.prefix + "completed": "false"]
        labels[Argo.instanceLabel] = instanceID
        podActions.append(
            pod.creation(
                labels: labels,
                annotations: [
                    Argo.prefix + "node-id": .string(id), Argo.prefix + "node-name": .string(call.nodeName),
                    "kubectl.kubernetes.io/default-container": "main",
                ], owner: owner, specification: podSpecification(template, boundary: call.boundaryID)))
    }

    /// The pod's specification besides its containers: the template decides, then the one that calls it, then the
    /// workflow.
    private func podSpecification(_ template: JSONValue, boundary: String?) -> JSONObject {
        let caller = boundary.flatMap { tree[$0]?.template?.text }.flatMap { templates[$0] }
        var result: JSONObject = [:]
        for key in ["nodeSelector", "tolerations", "affinity"] {
            result[key] = template.present(key) ?? caller?.present(key) ?? effective[key]
        }
        for key in ["securityContext", "schedulerName", "serviceAccountName", "automountServiceAccountToken"] {
            result[key] = template.present(key) ?? effective[key]
        }
        result["priorityClassName"] = template.present("priorityClassName") ?? effective["podPriorityClassName"]
        result["imagePullSecrets"] = effective["imagePullSecrets"]
        let volumes = (effective["volumes"]?.elements ?? []) + (template["volumes"]?.elements ?? [])
        if !volumes.isEmpty { result["volumes"] = .array(volumes) }
        return result
    }

    private var owner: JSONValue {
        [
            "apiVersion": .string(Argo.apiVersion), "kind": "Workflow", "name": .string(key.name),
            "uid": .string(uid), "controller": true, "blockOwnerDeletion": true,
        ]
    }
}

/// Templates with a retry strategy.
extension SimulatedWorkflow {
    /// How many times a template without a limit is retried.
    private static let maximumRetries = 1000

    mutating func executeRetry(
        _ call: TemplateCall, _ template: JSONValue, _ inputs: [(name: String, value: String)], at now: Timestamp
    ) {
        make(call, .retry, .running, inputs: inputs, at: now)
        let id = tree.id(of: call.nodeName)
        // The last attempt decides, after it was advanced; without attempts, the first one starts.
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

    /// Starts an attempt, or continues it.
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

    /// Ends the node if its last attempt succeeded or no other may follow; returns false if the next attempt is due.
    private mutating func conclude(
        _ id: String, _ last: WorkflowNode, _ template: JSONValue, tries: Int, at now: Timestamp
    ) -> Bool {
        let strategy = template["retryStrategy"]
        let limit = strategy?["limit"]?.scalarText.flatMap { Int($0) } ?? Self.maximumRetries
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
