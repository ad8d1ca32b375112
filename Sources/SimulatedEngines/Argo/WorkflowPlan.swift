import KubeClient

/// A WorkflowTemplate as the simulation needs it: read once for each version of the object, used by many runs.
struct WorkflowPlan: Sendable {
    let name: String
    let isClusterScoped: Bool
    /// The specification with Argo's defaults.
    let specification: JSONObject
    let behavior: Behavior
    /// The templates as the status of a run keeps them, under the names it keeps them by.
    let storedTemplates: JSONObject
    /// What `templateRef` of steps and tasks leads to.
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

/// Which template a workflow is to follow, read from its specification.
struct WorkflowReference: Sendable {
    enum Source: Sendable {
        case template(name: String, isClusterScoped: Bool)
        /// The workflow has templates of its own; annotations of the workflow tell their behavior.
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

/// The templates of other objects that a workflow's own call, and those that these call.
struct ReferencedTemplates: Sendable {
    /// By the texts of their keys; in them, every call is by such a text.
    var templates: [String: JSONValue] = [:]
    /// The same as they are written, for the status.
    var stored: JSONObject = [:]
}

extension JSONValue {
    /// The steps or tasks of a template.
    var calls: [JSONValue] {
        (self["steps"]?.elements ?? []).flatMap(\.elements) + (self["dag"]?["tasks"]?.elements ?? [])
    }

    /// The template with each of its steps or tasks changed.
    func mappingCalls(_ change: (JSONValue) -> JSONValue) -> JSONValue {
        var result = self
        if let groups = self["steps"]?.arrayValue {
            result["steps"] = .array(groups.map { .array($0.elements.map(change)) })
        }
        if let tasks = self["dag"]?["tasks"]?.arrayValue { result["dag"]?["tasks"] = .array(tasks.map(change)) }
        return result
    }

    /// A template of `home` in which every call is by the text of a key.
    func withAbsoluteCalls(home: String) -> JSONValue {
        mappingCalls { call in
            var call = call
            if let reference = call["templateRef"] {
                call["template"] = .string(TemplateKey(reference: reference).text)
            } else if let name = call["template"]?.stringValue {
                call["template"] = .string(TemplateKey(home: home, name: name).text)
            }
            return call
        }
    }
}

/// Names one of all the templates a workflow can reach.
///
/// As text it is the bare name for one of the workflow's own; those of other objects go by the object as well, as in
/// `status.storedTemplates`: `namespaced/<WorkflowTemplate>/<name>` or `cluster/<ClusterWorkflowTemplate>/<name>`.
struct TemplateKey: Hashable, Sendable {
    private static let namespaced = "namespaced/"
    private static let cluster = "cluster/"

    /// The object the template is in, with its kind; empty for the workflow's own.
    let home: String
    let name: String

    init(home: String, name: String) {
        self.home = home
        self.name = name
    }

    init(_ text: String) {
        let slash = text.lastIndex(of: "/")
        home = slash.map { String(text[..<$0]) } ?? ""
        name = slash.map { String(text[text.index(after: $0)...]) } ?? text
    }

    /// What a `templateRef` of a step or task names.
    init(reference: JSONValue) {
        let prefix = reference["clusterScope"]?.boolValue == true ? Self.cluster : Self.namespaced
        home = prefix + (reference["name"]?.stringValue ?? "")
        name = reference["template"]?.stringValue ?? ""
    }

    var text: String { home.isEmpty ? name : "\(home)/\(name)" }

    var isInCluster: Bool { home.hasPrefix(Self.cluster) }

    /// The name of the object the template is in.
    var objectName: String {
        String(home.drop { $0 != "/" }.dropFirst())
    }

    /// The `templateRef` that names it.
    var reference: JSONValue {
        var reference: JSONValue = ["name": .string(objectName), "template": .string(name)]
        if isInCluster { reference["clusterScope"] = true }
        return reference
    }
}
