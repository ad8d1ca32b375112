import KubeClient
import TowlineAPI

/// Argo Workflows: a run is a Workflow.
struct ArgoEngine: Engine {
    let name = EngineName.argo
    let title = "Argo Workflows"
    let runType = ResourceType(
        group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow")
    let childTypes: [ResourceType] = []
    /// Argo has no admission webhook.
    let admissionDomain: String? = nil
    let notRespondingHint = """
        check that the deployment workflow-controller is running, manages this namespace, and has no instanceID: one \
        that has sees only workflows with its label
        """

    /// With the UID, Argo finds workflows that were moved to its archive.
    var pages: [RunPage] {
        [RunPage(preset: "argo-ui", title: "Argo UI", path: "/workflows/{namespace}/{name}?uid={uid}")]
    }

    func makeRun(for execution: WorkflowExecution, named name: String) -> [UInt8]? {
        guard let spec = execution.spec, spec.shutdown == nil, !execution.isFinished else { return nil }
        return RunManifest.make(runType, named: name, for: execution) { writer in
            writer.member("workflowTemplateRef") { writer in
                writer.member("name", spec.workflowRef.templateName)
                if spec.workflowRef.clusterScope == true {
                    writer.key("clusterScope")
                    writer.bool(true)
                }
            }
            if !spec.parameters.isEmpty {
                writer.member("arguments") { writer in
                    writer.key("parameters")
                    RunManifest.write(spec.parameters, to: &writer)
                }
            }
            // Clusters that restrict template referencing refuse this field, so it is sent only when it was asked for.
            if let account = spec.executionConfig.serviceAccountName {
                writer.member("serviceAccountName", account)
            }
            if let seconds = spec.executionConfig.timeoutSeconds {
                writer.key("activeDeadlineSeconds")
                writer.integer(seconds)
            }
        }
    }

    func decodeRun(_ cursor: inout JSONCursor) throws(JSONError) -> EngineRun {
        let workflow = try Workflow(&cursor)
        return EngineRun(
            metadata: workflow.metadata, state: workflow.state, requestedShutdown: workflow.requestedShutdown,
            isHeld: workflow.isHeld, isToBeArchived: workflow.isToBeArchived,
            timeoutSeconds: workflow.deadlineSeconds)
    }

    /// A workflow with `spec.suspend` is deaf to `spec.shutdown`, so it is let go along with it; nothing new starts then.
    func shutdownPatch(_ shutdown: Shutdown, for run: EngineRun) -> [UInt8]? {
        let missing = missingShutdown(shutdown, for: run)
        let isDeaf = run.isHeld && !run.state.isFinished
        guard missing != nil || isDeaf else { return nil }
        return RunManifest.patch(run) { writer in
            if let missing { writer.member("shutdown", missing.rawValue) }
            guard isDeaf else { return }
            writer.key("suspend")
            writer.null()
        }
    }

    /// A Workflow carries its own nodes.
    func childListings(for run: EngineRun) -> [ChildListing] { [] }

    /// Nothing is listed, so nothing is read.
    func decodeChild(_ cursor: inout JSONCursor) throws(JSONError) -> EngineChild {
        try cursor.skipValue()
        return EngineChild(.taskRun, .unfinished, name: "", task: "", runUID: "", hasStarted: nil)
    }

    func state(of run: EngineRun, children: [EngineChild]) -> RunState { run.state }
}
