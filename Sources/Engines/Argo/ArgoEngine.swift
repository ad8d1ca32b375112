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
        Check that the deployment workflow-controller is running and manages this namespace. If it has an instanceID, \
        start Towline with --argo-instance-id and the same ID, because it ignores workflows without its label.
        """

    /// The UID lets Argo find workflows that it has archived.
    var pages: [RunPage] {
        [RunPage(preset: "argo-ui", title: "Argo UI", path: "/workflows/{namespace}/{name}?uid={uid}")]
    }

    /// Clusters that restrict template referencing reject most of these fields, so each is sent only if the user set it.
    func makeRun(for execution: WorkflowExecution, named name: String, labels: [MapEntry]) -> [UInt8]? {
        guard let spec = execution.spec, spec.shutdown == nil, !execution.isFinished else { return nil }
        return RunManifest.make(runType, named: name, labels: labels, for: execution) { writer in
            let config = spec.executionConfig
            writer.member("workflowTemplateRef") { writer in
                writer.member("name", spec.workflowRef.templateName)
                if spec.workflowRef.clusterScope == true {
                    writer.key("clusterScope")
                    writer.bool(true)
                }
            }
            writer.member("entrypoint", ifPresent: config.entrypoint)
            if !spec.parameters.isEmpty {
                writer.member("arguments") { $0.parameters("parameters", spec.parameters, as: .text) }
            }
            writer.member("serviceAccountName", ifPresent: config.serviceAccountName)
            writer.member("activeDeadlineSeconds", ifPresent: config.timeoutSeconds)
            writer.member("priority", ifPresent: config.priority)
            if let pod = config.pod { Self.write(pod, to: &writer) }
        }
    }

    private static func write(_ pod: PodSettings, to writer: inout JSONWriter) {
        writer.members("nodeSelector", pod.nodeSelector)
        PodManifest.writeTolerations(pod.tolerations, to: &writer)
        writer.member("podPriorityClassName", ifPresent: pod.priorityClassName)
        PodManifest.writePullSecrets(pod.imagePullSecrets, to: &writer)
        PodManifest.writeSecurityContext(pod.securityContext, to: &writer)
    }

    func decodeRun(_ cursor: inout JSONCursor) throws(JSONError) -> EngineRun {
        let workflow = try Workflow(&cursor)
        return EngineRun(
            metadata: workflow.metadata, state: workflow.state, requestedShutdown: workflow.requestedShutdown,
            isSuspended: workflow.isSuspended, archive: workflow.archive,
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
