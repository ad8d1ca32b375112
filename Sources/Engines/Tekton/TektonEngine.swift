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
        // The resolver's default kind is Task, so the kind is always sent.
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

/// Formats the image reference of an OCI bundle for Tekton's bundles resolver.
enum BundleReference {
    /// The image as the user wrote it, or with the digest in place of the tag.
    ///
    /// A digest also lets Tekton cache the bundle. A colon before the last slash belongs to the registry's port.
    static func text(image: String, digest: String?) -> String {
        guard let digest else { return image }
        var repository = image.prefix { $0 != "@" }
        let lastSegment = repository.lastIndex(of: "/") ?? repository.startIndex
        if let colon = repository[lastSegment...].lastIndex(of: ":") { repository = repository[..<colon] }
        return "\(repository)@\(digest)"
    }
}
