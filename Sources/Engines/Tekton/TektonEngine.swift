import KubeClient
import WorkflowAPI

/// Tekton Pipelines: a run is a PipelineRun.
struct TektonEngine: Engine {
    let name = EngineName.tekton
    let title = "Tekton Pipelines"
    let runType = ResourceType(group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")
    let childType: ResourceType? = TaskRun.resource
    let admissionDomain: String? = "webhook.pipeline.tekton.dev"
    let notRespondingHint = """
        check that the deployment tekton-pipelines-controller is running, watches this namespace, and that nothing \
        sets spec.managedBy
        """

    var pages: [RunPage] {
        [
            RunPage(
                preset: "tekton-dashboard", title: "Tekton Dashboard",
                path: "/#/namespaces/{namespace}/pipelineruns/{name}"),
            RunPage(
                preset: "openshift-console", title: "OpenShift console",
                path: "/k8s/ns/{namespace}/tekton.dev~v1~PipelineRun/{name}"),
        ]
    }

    func makeRun(for execution: WorkflowExecution, named name: String) -> [UInt8]? {
        guard let spec = execution.spec, spec.shutdown == nil, !execution.isFinished else { return nil }
        return RunManifest.make(runType, named: name, for: execution) { writer in
            writer.member("pipelineRef") { Self.writeReference(spec.workflowRef, to: &$0) }
            if !spec.parameters.isEmpty {
                writer.key("params")
                RunManifest.write(spec.parameters, to: &writer)
            }
            if let account = spec.executionConfig.serviceAccountName {
                writer.member("taskRunTemplate") { $0.member("serviceAccountName", account) }
            }
            if let seconds = spec.executionConfig.timeoutSeconds {
                writer.member("timeouts") { $0.member("pipeline", Duration.seconds(seconds).goText) }
            }
        }
    }

    private static func writeReference(_ reference: WorkflowReference, to writer: inout JSONWriter) {
        guard let image = reference.containerImage else {
            writer.member("name", reference.templateName)
            return
        }
        writer.member("resolver", "bundles")
        writer.key("params")
        // The kind is sent always: what the resolver assumes without it is a Task.
        let parameters = [
            ("bundle", BundleReference.text(image: image, digest: reference.containerDigest)),
            ("name", reference.templateName), ("kind", "pipeline"),
        ]
        writer.array { writer in
            for (name, value) in parameters {
                writer.object { writer in
                    writer.member("name", name)
                    writer.member("value", value)
                }
            }
        }
    }

    func decodeRun(_ cursor: inout JSONCursor) throws(JSONError) -> EngineRun {
        let run = try PipelineRun(&cursor)
        return EngineRun(
            metadata: run.metadata, state: run.state, requestedShutdown: run.requestedShutdown,
            timeoutSeconds: run.timeoutSeconds)
    }

    /// Stop becomes `CancelledRunFinally`: like Argo's it ends running tasks; `StoppedRunFinally` would wait for them.
    func shutdownPatch(_ shutdown: Shutdown, for run: EngineRun) -> [UInt8]? {
        switch missingShutdown(shutdown, for: run) {
        case nil: nil
        case .stop?: RunManifest.patch(run) { $0.member("status", PipelineRun.cancelRunningFinally) }
        case .terminate?: RunManifest.patch(run) { $0.member("status", PipelineRun.cancel) }
        }
    }

    /// A PipelineRun does not say which of its tasks failed, and why.
    func childListing(for run: EngineRun) -> ChildListing? {
        let state = run.state
        guard state.outcome == .failed || state.outcome == .timeout, state.executed == true, state.failure == nil
        else { return nil }
        return ChildListing(
            type: TaskRun.resource, namespace: run.key.namespace,
            labelSelector: "\(TaskRun.LabelKey.pipelineRun)=\(run.key.name)", limit: 500)
    }

    func state(of run: EngineRun, children: [UInt8]) throws(JSONError) -> RunState {
        var state = run.state
        guard childListing(for: run) != nil else { return state }
        // TaskRuns of an earlier run of the same name may not have been collected yet.
        let own = try TaskRun.list(children).filter { $0.pipelineRunUID.isEmpty || $0.pipelineRunUID == run.uid }
        if let failure = own.firstFailure {
            state.explain(by: failure)
        } else if let unread = state.unreadChildren {
            state.explain(by: unread, besides: own.count)
        }
        state.unreadChildren = nil
        return state
    }
}
