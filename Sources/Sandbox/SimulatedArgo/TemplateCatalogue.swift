import KubeClient

/// Finds WorkflowTemplates and reads each version of them once.
final class TemplateCatalogue: Sendable {
    private struct Version: Hashable {
        let uid: String
        let resourceVersion: String
    }

    /// The most plans that are kept; more are read again when they are needed.
    private static let mostPlans = 1000

    private let cluster: any SandboxCluster
    private let plans = Locked([Version: WorkflowPlan]())

    init(cluster: any SandboxCluster) {
        self.cluster = cluster
    }

    func resolve(_ reference: WorkflowReference) async -> WorkflowResolution {
        do throws(WorkflowProblem) {
            switch reference.source {
            case .embedded(let spec, let annotations):
                return .success(
                    try Self.plan(
                        name: reference.run.name, isClusterScoped: false, spec: spec, annotations: annotations))
            case .template(let name, let isClusterScoped):
                let object = try await template(name, isClusterScoped: isClusterScoped, run: reference.run)
                return .success(try plan(of: object, name: name, isClusterScoped: isClusterScoped))
            }
        } catch {
            return .failure(error)
        }
    }

    private func template(
        _ name: String, isClusterScoped: Bool, run: ObjectKey
    ) async throws(WorkflowProblem) -> JSONValue {
        let resource = isClusterScoped ? Argo.clusterWorkflowTemplates : Argo.workflowTemplates
        do {
            return try await cluster.get(
                resource, namespace: isClusterScoped ? "" : run.namespace, name: name)
        } catch {
            throw WorkflowProblem(phase: .error, message: error.message)
        }
    }

    private func plan(
        of object: JSONValue, name: String, isClusterScoped: Bool
    ) throws(WorkflowProblem) -> WorkflowPlan {
        let version = Version(uid: object.uid, resourceVersion: object.metadata.text("resourceVersion"))
        if let plan = plans.withLock({ $0[version] }) { return plan }
        let plan = try Self.plan(
            name: name, isClusterScoped: isClusterScoped, spec: object["spec"]?.objectValue ?? [:],
            annotations: object.metadata["annotations"]?.objectValue ?? [:])
        plans.withLock { plans in
            if plans.count >= Self.mostPlans { plans = [:] }
            plans[version] = plan
        }
        return plan
    }

    private static func plan(
        name: String, isClusterScoped: Bool, spec: JSONObject, annotations: JSONObject
    ) throws(WorkflowProblem) -> WorkflowPlan {
        do {
            let behaviour = try Behaviour(annotations: annotations)
            return WorkflowPlan(name: name, isClusterScoped: isClusterScoped, spec: spec, behaviour: behaviour)
        } catch {
            throw WorkflowProblem(phase: .error, message: error.description)
        }
    }
}
