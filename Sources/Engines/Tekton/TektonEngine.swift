import KubeClient
import TowlineAPI

/// Tekton Pipelines: a run is a PipelineRun.
struct TektonEngine: Engine {
    let name = EngineName.tekton
    let title = "Tekton Pipelines"
    let runType = ResourceType(group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")
    let childTypes = [TaskRun.resource, CustomRun.resource]
    let admissionDomain: String? = "webhook.pipeline.tekton.dev"
    let notRespondingHint = """
        Check that the deployment tekton-pipelines-controller is running and watches this namespace, and that nothing \
        sets spec.managedBy.
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

    func makeRun(for execution: WorkflowExecution, named name: String, labels: [MapEntry]) -> [UInt8]? {
        guard let spec = execution.spec, spec.shutdown == nil, !execution.isFinished else { return nil }
        return RunManifest.make(runType, named: name, labels: labels, for: execution) { writer in
            PipelineRunManifest(spec: spec).write(to: &writer)
        }
    }

    func decodeRun(_ cursor: inout JSONCursor) throws(JSONError) -> EngineRun {
        let run = try PipelineRun(&cursor)
        return EngineRun(
            metadata: run.metadata, state: run.state, requestedShutdown: run.requestedShutdown,
            archive: run.archive, timeoutSeconds: run.timeoutSeconds)
    }

    /// Stop maps to `CancelledRunFinally`, which ends running tasks as Argo does; `StoppedRunFinally` would wait for them.
    func shutdownPatch(_ shutdown: Shutdown, for run: EngineRun) -> [UInt8]? {
        switch missingShutdown(shutdown, for: run) {
        case nil: nil
        case .stop?: RunManifest.patch(run) { $0.member("status", PipelineRun.cancelRunningFinally) }
        case .terminate?: RunManifest.patch(run) { $0.member("status", PipelineRun.cancel) }
        }
    }

    /// Lists TaskRuns and CustomRuns, since a PipelineRun does not say which task failed or what its tasks wait for.
    func childListings(for run: EngineRun) -> [ChildListing] {
        guard run.state.needsChildren else { return [] }
        let selector = "\(TaskRun.LabelKey.pipelineRun)=\(run.key.name)"
        var listings: [ChildListing] = []
        if run.state.children.taskRuns > 0 {
            listings.append(
                ChildListing(
                    type: TaskRun.resource, namespace: run.key.namespace, labelSelector: selector, pageSize: 50,
                    isOptional: false))
        }
        if run.state.children.customRuns > 0 {
            listings.append(
                ChildListing(
                    type: CustomRun.resource, namespace: run.key.namespace, labelSelector: selector, pageSize: 50,
                    isOptional: true))
        }
        return listings
    }

    /// Reads a CustomRun or a TaskRun; an object without a kind counts as a TaskRun.
    func decodeChild(_ cursor: inout JSONCursor) throws(JSONError) -> EngineChild {
        let start = cursor
        var probe = cursor
        let kind = try probe.readStringMember("kind")
        cursor = start
        return kind == CustomRun.resource.kind ? try CustomRun(&cursor).child : try TaskRun(&cursor).child
    }

    func state(of run: EngineRun, children: [EngineChild]) -> RunState {
        guard run.state.needsChildren else { return run.state }
        var state = run.state
        state.complete(with: children.filter { $0.belongs(toRunWithUID: run.uid) })
        return state
    }
}
