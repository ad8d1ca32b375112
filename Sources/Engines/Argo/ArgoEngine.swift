import KubeClient
import TowlineAPI

/// Argo Workflows: a run is a Workflow.
struct ArgoEngine: Engine {
    let name = EngineName.argo
    let title = "Argo Workflows"
    let runType = ResourceType(
        group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow")
    let childTypes: [ResourceType] = []
    /// Nil, since Argo has no admission webhook.
    let admissionDomain: String? = nil
    let notRespondingHint = """
        Check that the deployment workflow-controller is running, manages this namespace, and has no instanceID, which \
        would limit it to workflows with its label.
        """

    /// The UID lets Argo find workflows that it has archived.
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
            // Clusters that restrict template referencing reject this field, so it is sent only if the user set it.
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
            isSuspended: workflow.isSuspended, isToBeArchived: workflow.isToBeArchived,
            timeoutSeconds: workflow.deadlineSeconds)
    }

    /// Clears `spec.suspend` together with the shutdown, since Argo ignores `spec.shutdown` of a suspended workflow.
    func shutdownPatch(_ shutdown: Shutdown, for run: EngineRun) -> [UInt8]? {
        let missing = missingShutdown(shutdown, for: run)
        let ignoresShutdown = run.isSuspended && !run.state.isFinished
        guard missing != nil || ignoresShutdown else { return nil }
        return RunManifest.patch(run) { writer in
            if let missing { writer.member("shutdown", missing.rawValue) }
            guard ignoresShutdown else { return }
            writer.key("suspend")
            writer.null()
        }
    }

    /// Empty, since a Workflow contains its nodes.
    func childListings(for run: EngineRun) -> [ChildListing] { [] }

    /// Not called, since nothing is listed.
    func decodeChild(_ cursor: inout JSONCursor) throws(JSONError) -> EngineChild {
        try cursor.skipValue()
        return EngineChild(.taskRun, .unfinished, name: "", task: "", runUID: "", hasStarted: nil)
    }

    func state(of run: EngineRun, children: [EngineChild]) -> RunState { run.state }
}
