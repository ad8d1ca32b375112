import KubeClient

/// Advances the pods of a workflow, and ends them early on a shutdown or deadline.
extension SimulatedWorkflow {
    /// Starts and ends pods that are due.
    mutating func advancePods(to now: Timestamp) {
        advanceSuspensions(to: now)
        for id in tree.unfulfilled {
            guard let pod = tree[id]?.pod else { continue }
            if pod.stage == .created { start(id, pod, at: now) }
            guard let started = tree[id]?.pod, tree[id]?.phase.isFulfilled == false else { continue }
            if let deadline = started.deadline, now >= deadline {
                kill(id, "Pod was active on the node longer than the specified deadline", exitCode: 137, at: now)
            } else if case .running(let end) = started.stage, now >= end {
                finish(pod: id, started, at: now)
            } else if case .stuck(let end?) = started.stage, now >= end {
                giveUp(id, started, at: now)
            }
        }
    }

    private mutating func start(_ id: String, _ pod: NodePod, at now: Timestamp) {
        var pod = pod
        let failure = plan?.behavior.failure(of: pod.names)
        let duration = plan?.behavior.duration(of: pod.names) ?? Behavior.defaultDuration
        if let waiting = failure?.waiting {
            podActions.append(pod.pod.wait(waiting.reason, waiting.message, at: now))
            pod.stage = .stuck(until: failure == .imagePullFinal ? now + duration : nil)
            tree[id]?.message = "\(waiting.reason): \(waiting.message)"
        } else {
            pod.stage = .running(until: now + duration)
            if duration > .zero {
                podActions += pod.pod.start(at: now)
                tree.mark(id, .running, at: now)
            }
        }
        tree[id]?.pod = pod
    }

    /// Ends a pod whose container has exited.
    private mutating func finish(pod id: String, _ pod: NodePod, at now: Timestamp) {
        let failure = plan?.behavior.failure(of: pod.names)
        let code = failure?.exitCode ?? 0
        podActions += pod.pod.end(exitCodes: [code], failure: failure, at: now)
        tree[id]?.pod?.stage = .ended
        tree[id]?.outputs["exitCode"] = .string(String(code))
        countTime(id, at: now)
        guard let failure else {
            setOutputs(ofPod: id, pod)
            tree.mark(id, .succeeded, at: now)
            return
        }
        let message =
            failure == .evicted
            ? TaskFailure.evictionMessage : "main: \(failure.containerReason) (exit code \(code))"
        tree.mark(id, .failed, message, at: now)
    }

    /// Ends a pod that failed before its container started.
    private mutating func giveUp(_ id: String, _ pod: NodePod, at now: Timestamp) {
        guard let waiting = plan?.behavior.failure(of: pod.names)?.waiting else { return }
        podActions.append(pod.pod.wait(waiting.reason, waiting.message, isFinal: true, at: now))
        tree[id]?.pod?.stage = .ended
        let why = "\(waiting.reason): \(waiting.message)"
        tree.mark(id, .error, "Pod failed before main container starts due to \(why)", at: now)
    }

    /// Sets the output parameters of a pod that succeeded, with values from annotations or a placeholder.
    private mutating func setOutputs(ofPod id: String, _ pod: NodePod) {
        let behavior = plan?.behavior ?? Behavior()
        var parameters: [JSONValue] = []
        for declaration in pod.outputs {
            let name = declaration["name"]?.stringValue ?? ""
            let value =
                behavior.result(name, of: pod.names) ?? declaration["valueFrom"]?["default"]?.scalarText ?? "simulated"
            var parameter = declaration
            parameter["value"] = .string(value)
            parameters.append(parameter)
            if let global = declaration["globalName"]?.stringValue { addGlobal(global, value) }
        }
        if !parameters.isEmpty { tree[id]?.outputs["parameters"] = .array(parameters) }
        if let result = behavior.result("result", of: pod.names) { tree[id]?.outputs["result"] = .string(result) }
    }

    mutating func addGlobal(_ name: String, _ value: String) {
        globalOutputs.removeAll { $0.name == name }
        globalOutputs.append((name, value))
        globals["workflow.outputs.parameters.\(name)"] = value
    }

    /// Deletes a pod and fails its node.
    private mutating func kill(_ id: String, _ message: String, exitCode: Int?, at now: Timestamp) {
        guard let pod = tree[id]?.pod else { return }
        podActions.append(pod.pod.deletion)
        tree[id]?.pod?.stage = .ended
        if let exitCode, tree[id]?.phase == .running {
            tree[id]?.outputs["exitCode"] = .string(String(exitCode))
            countTime(id, at: now)
        }
        tree.mark(id, .failed, message, at: now)
    }

    private mutating func countTime(_ id: String, at now: Timestamp) {
        guard let start = tree[id]?.startedAt else { return }
        // Two containers of 100 MiB each, which Argo counts as one unit per second.
        tree[id]?.resourceSeconds = (now - start).components.seconds * 2
    }

    /// Ends the nodes that a shutdown or the workflow's deadline affects.
    mutating func enforceLimits(at now: Timestamp) {
        guard request.isShutdown || isPastDeadline(at: now) else { return }
        for id in tree.unfulfilled {
            guard let node = tree[id] else { continue }
            if request.isShutdown, !(request.isStop && node.isPartOfExitHandler) {
                shutDown(id, node, at: now)
            } else if isPastDeadline(at: now), !node.isPartOfExitHandler {
                if node.phase == .pending, node.pod != nil {
                    kill(id, "Step exceeded its deadline", exitCode: nil, at: now)
                } else if node.kind == .suspend {
                    tree.mark(id, .failed, "Step exceeded its deadline", at: now)
                }
            }
        }
    }

    private mutating func shutDown(_ id: String, _ node: WorkflowNode, at now: Timestamp) {
        if node.kind == .suspend {
            tree.mark(id, .failed, "Stopped with strategy '\(request.shutdown)'", at: now)
        } else if node.pod != nil, node.phase == .running {
            kill(id, "main: Error (exit code 143)", exitCode: 143, at: now)
        } else if node.pod != nil {
            kill(id, "workflow shutdown with strategy:  \(request.shutdown)", exitCode: nil, at: now)
        }
    }
}
