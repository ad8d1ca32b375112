import APIServer
import KubeClient

/// Looks up WorkflowTemplates and parses each version once.
final class TemplateCatalog: Sendable {
    private struct Version: Hashable {
        let uid: String
        let resourceVersion: String
    }

    /// How many plans are cached; the cache is cleared when it is full.
    private static let maximumPlans = 1000

    private let cluster: any SandboxCluster
    private let plans = Locked([Version: WorkflowPlan]())

    init(cluster: any SandboxCluster) {
        self.cluster = cluster
    }

    func resolve(_ reference: WorkflowReference) async -> WorkflowResolution {
        do throws(WorkflowProblem) {
            let namespace = reference.run.namespace
            switch reference.source {
            case .embedded(let spec, let annotations):
                let referenced = await referencedTemplates(of: spec, namespace: namespace)
                return .success(
                    try Self.plan(
                        name: reference.run.name, isClusterScoped: false, spec: spec, annotations: annotations,
                        referenced))
            case .template(let name, let isClusterScoped):
                let object: JSONValue
                do {
                    object = try await template(name, isClusterScoped: isClusterScoped, namespace: namespace)
                } catch {
                    throw WorkflowProblem(phase: .error, message: error.message)
                }
                return .success(
                    try await plan(of: object, name: name, isClusterScoped: isClusterScoped, namespace: namespace))
            }
        } catch {
            return .failure(error)
        }
    }

    private func template(
        _ name: String, isClusterScoped: Bool, namespace: String
    ) async throws(StatusError) -> JSONValue {
        let resource = isClusterScoped ? Argo.clusterWorkflowTemplates : Argo.workflowTemplates
        return try await cluster.get(resource, namespace: isClusterScoped ? "" : namespace, name: name)
    }

    private func plan(
        of object: JSONValue, name: String, isClusterScoped: Bool, namespace: String
    ) async throws(WorkflowProblem) -> WorkflowPlan {
        let version = Version(uid: object.uid, resourceVersion: object.metadata.text("resourceVersion"))
        if let plan = plans.withLock({ $0[version] }) { return plan }
        let spec = object["spec"]?.objectValue ?? [:]
        let plan = try Self.plan(
            name: name, isClusterScoped: isClusterScoped, spec: spec,
            annotations: object.metadata["annotations"]?.objectValue ?? [:],
            await referencedTemplates(of: spec, namespace: namespace))
        // Referenced templates may change without this one, so this plan is not cached.
        guard Self.references(in: spec).isEmpty else { return plan }
        plans.withLock { plans in
            if plans.count >= Self.maximumPlans { plans = [:] }
            plans[version] = plan
        }
        return plan
    }

    private static func plan(
        name: String, isClusterScoped: Bool, spec: JSONObject, annotations: JSONObject,
        _ referenced: ReferencedTemplates
    ) throws(WorkflowProblem) -> WorkflowPlan {
        do {
            let behavior = try Behavior(annotations: annotations)
            return WorkflowPlan(
                name: name, isClusterScoped: isClusterScoped, spec: spec, behavior: behavior, referenced: referenced)
        } catch {
            throw WorkflowProblem(phase: .error, message: error.description)
        }
    }
}

extension TemplateCatalog {
    /// How many objects are read to resolve the references of one workflow.
    private static let maximumObjects = 100

    private static func references(in spec: JSONObject) -> [TemplateKey] {
        (spec["templates"]?.elements ?? []).flatMap(\.calls).compactMap { call in
            call["templateRef"].map { TemplateKey(reference: $0) }
        }
    }

    /// Resolves the references of a specification; a missing template is reported when it is called.
    private func referencedTemplates(of spec: JSONObject, namespace: String) async -> ReferencedTemplates {
        var found = ReferencedTemplates()
        var open = Self.references(in: spec)
        var called = Set(open)
        var seen: Set<String> = []
        var originals: [TemplateKey: JSONValue] = [:]
        while let key = open.popLast() {
            guard seen.count < Self.maximumObjects, seen.insert(key.scope).inserted,
                let object = try? await template(
                    key.objectName, isClusterScoped: key.isInCluster, namespace: namespace)
            else { continue }
            open += Self.references(in: object["spec"]?.objectValue ?? [:])
            for json in object[path: ["spec", "templates"]]?.elements ?? [] {
                let own = TemplateKey(scope: key.scope, name: json["name"]?.stringValue ?? "")
                let template = WorkflowPlan.withDefaults(json)
                originals[own] = template
                let absolute = template.withAbsoluteCalls(scope: key.scope)
                found.templates[own.text] = absolute
                called.formUnion(absolute.calls.compactMap { $0["template"]?.stringValue.map(TemplateKey.init) })
            }
        }
        for key in called.sorted(by: { $0.text < $1.text }) { found.stored[key.text] = originals[key] }
        return found
    }
}
