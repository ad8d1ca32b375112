import KubeClient

/// What a client may do in one namespace, as the API server lists it: there may be more.
///
/// Most clusters have an authorizer that cannot list what it allows, so that the list proves only what is in it.
struct AccessRules: Sendable {
    private struct Rule {
        let verbs: [String]
        let groups: [String]
        let resources: [String]
        /// Empty for all of them.
        let names: [String]
    }

    private let rules: [Rule]

    /// Reads a `SelfSubjectRulesReview`.
    init(_ review: JSONValue) {
        func texts(_ value: JSONValue?) -> [String] { value?.arrayValue?.compactMap(\.stringValue) ?? [] }
        rules = (review[path: ["status", "resourceRules"]]?.arrayValue ?? []).map { rule in
            Rule(
                verbs: texts(rule["verbs"]), groups: texts(rule["apiGroups"]), resources: texts(rule["resources"]),
                names: texts(rule["resourceNames"]))
        }
    }

    /// Whether a verb is allowed of the object of this name; without a name, of all.
    func allow(_ verb: Right.Verb, of right: Right, named name: String? = nil) -> Bool {
        rules.contains { rule in
            (rule.names.isEmpty || name.map(rule.names.contains) ?? false) && Self.matches(rule.verbs, verb.rawValue)
                && Self.matches(rule.groups, right.group)
                && Self.matches(rule.resources, right.resource)
        }
    }

    private static func matches(_ patterns: [String], _ word: String) -> Bool {
        patterns.contains("*") || patterns.contains(word)
    }
}
