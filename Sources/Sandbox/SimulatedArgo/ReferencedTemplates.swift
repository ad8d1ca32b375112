import KubeClient

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
