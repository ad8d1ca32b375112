import KubeClient

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
