import KubeClient

/// A parsed WorkflowTemplate, shared by all runs of the same version.
struct WorkflowPlan: Sendable {
    let name: String
    let isClusterScoped: Bool
    /// The specification with Argo's defaults.
    let specification: JSONObject
    let behavior: Behavior
    /// The templates as stored in the status of a run.
    let storedTemplates: JSONObject
    /// The templates that `templateRef` of steps and tasks names.
    let referenced: ReferencedTemplates

    init(
        name: String, isClusterScoped: Bool, spec: JSONObject, behavior: Behavior,
        referenced: ReferencedTemplates = ReferencedTemplates()
    ) {
        self.referenced = referenced
        self.name = name
        self.isClusterScoped = isClusterScoped
        self.behavior = behavior
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

/// The reference to a workflow's template, from the workflow's specification.
struct WorkflowReference: Sendable {
    enum Source: Sendable {
        case template(name: String, isClusterScoped: Bool)
        /// Templates in the workflow itself, with their behavior in the workflow's annotations.
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

/// Why a workflow ends before any of its nodes starts: its final phase, and Argo's message.
struct WorkflowProblem: Error, Hashable, Sendable {
    let phase: NodePhase
    let message: String
}

typealias WorkflowResolution = Result<WorkflowPlan, WorkflowProblem>

/// The templates of other objects that a workflow uses, directly or indirectly.
struct ReferencedTemplates: Sendable {
    /// By the text of their ``TemplateKey``; every call in them uses such a text.
    var templates: [String: JSONValue] = [:]
    /// The same templates as their authors wrote them, for the status.
    var stored: JSONObject = [:]
}

extension JSONValue {
    /// The steps or tasks of a template.
    var calls: [JSONValue] {
        (self["steps"]?.elements ?? []).flatMap(\.elements) + (self["dag"]?["tasks"]?.elements ?? [])
    }

    /// The template with `change` applied to each of its steps or tasks.
    func mappingCalls(_ change: (JSONValue) -> JSONValue) -> JSONValue {
        var result = self
        if let groups = self["steps"]?.arrayValue {
            result["steps"] = .array(groups.map { .array($0.elements.map(change)) })
        }
        if let tasks = self["dag"]?["tasks"]?.arrayValue { result["dag"]?["tasks"] = .array(tasks.map(change)) }
        return result
    }

    /// A template of `scope` in which every call uses the text of a ``TemplateKey``.
    func withAbsoluteCalls(scope: String) -> JSONValue {
        mappingCalls { call in
            var call = call
            if let reference = call["templateRef"] {
                call["template"] = .string(TemplateKey(reference: reference).text)
            } else if let name = call["template"]?.stringValue {
                call["template"] = .string(TemplateKey(scope: scope, name: name).text)
            }
            return call
        }
    }
}

/// Identifies a template that a workflow can call.
///
/// As text it is the bare name for a template of the workflow itself. For templates of other objects it is their key in
/// `status.storedTemplates`: `namespaced/<WorkflowTemplate>/<name>` or `cluster/<ClusterWorkflowTemplate>/<name>`.
struct TemplateKey: Hashable, Sendable {
    private static let namespaced = "namespaced/"
    private static let cluster = "cluster/"

    /// The template's object, with `namespaced/` or `cluster/`; empty for templates of the workflow itself.
    let scope: String
    let name: String

    init(scope: String, name: String) {
        self.scope = scope
        self.name = name
    }

    init(_ text: String) {
        let slash = text.lastIndex(of: "/")
        scope = slash.map { String(text[..<$0]) } ?? ""
        name = slash.map { String(text[text.index(after: $0)...]) } ?? text
    }

    /// Reads the `templateRef` of a step or task.
    init(reference: JSONValue) {
        let prefix = reference["clusterScope"]?.boolValue == true ? Self.cluster : Self.namespaced
        scope = prefix + (reference["name"]?.stringValue ?? "")
        name = reference["template"]?.stringValue ?? ""
    }

    var text: String { scope.isEmpty ? name : "\(scope)/\(name)" }

    var isInCluster: Bool { scope.hasPrefix(Self.cluster) }

    /// The name of the template's object.
    var objectName: String {
        String(scope.drop { $0 != "/" }.dropFirst())
    }

    /// The `templateRef` for this template.
    var reference: JSONValue {
        var reference: JSONValue = ["name": .string(objectName), "template": .string(name)]
        if isInCluster { reference["clusterScope"] = true }
        return reference
    }
}
