import KubeClient

/// A WorkflowTemplate as the simulation needs it: read once for each version of the object, used by many runs.
struct WorkflowPlan: Sendable {
    let name: String
    let isClusterScoped: Bool
    /// The specification with Argo's defaults.
    let specification: JSONObject
    let behaviour: Behaviour
    /// The templates as the status of a run keeps them, under the names it keeps them by.
    let storedTemplates: JSONObject
    /// What `templateRef` of steps and tasks leads to.
    let referenced: ReferencedTemplates

    init(
        name: String, isClusterScoped: Bool, spec: JSONObject, behaviour: Behaviour,
        referenced: ReferencedTemplates = ReferencedTemplates()
    ) {
        self.referenced = referenced
        self.name = name
        self.isClusterScoped = isClusterScoped
        self.behaviour = behaviour
        var specification = spec
        let templates = (spec["templates"]?.elements ?? []).map(Self.withDefaults)
        specification["templates"] = spec["templates"].map { _ in .array(templates) }
        if specification["arguments"] == nil { specification["arguments"] = [:] }
        self.specification = specification
        let scope = isClusterScoped ? "cluster" : "namespaced"
        storedTemplates = JSONObject(
            uniqueMembers: Dictionary(templates.map { ($0["name"]?.stringValue ?? "", $0) }, uniquingKeysWith: { $1 })
                .map { JSONObject.Member(key: "\(scope)/\(name)/\($0.key)", value: $0.value) })
    }

    static func withDefaults(_ template: JSONValue) -> JSONValue {
        var result = template
        for key in ["inputs", "outputs", "metadata"] where template[key] == nil { result[key] = [:] }
        for key in ["container", "script"] {
            guard var container = template[key]?.objectValue else { continue }
            if container["name"] == nil { container["name"] = "" }
            if container["resources"] == nil { container["resources"] = [:] }
            result[key] = .object(container)
        }
        return result.mappingCalls(withArguments)
    }

    private static func withArguments(_ step: JSONValue) -> JSONValue {
        var result = step
        if step["arguments"] == nil { result["arguments"] = [:] }
        return result
    }
}

/// Which template a workflow is to follow, read from its specification.
struct WorkflowReference: Sendable {
    enum Source: Sendable {
        case template(name: String, isClusterScoped: Bool)
        /// The workflow has templates of its own; annotations of the workflow tell their behaviour.
        case embedded(JSONObject, annotations: JSONObject)
    }

    let run: ObjectKey
    let source: Source

    init(run: ObjectKey, specification: JSONObject, annotations: JSONObject) {
        self.run = run
        if let reference = specification["workflowTemplateRef"] {
            source = .template(
                name: reference["name"]?.stringValue ?? "",
                isClusterScoped: reference["clusterScope"]?.boolValue ?? false)
        } else {
            source = .embedded(specification, annotations: annotations)
        }
    }
}

/// Why a workflow ends before any of its nodes starts: the phase it then has, and the engine's words.
struct WorkflowProblem: Error, Hashable, Sendable {
    let phase: NodePhase
    let message: String
}

typealias WorkflowResolution = Result<WorkflowPlan, WorkflowProblem>
