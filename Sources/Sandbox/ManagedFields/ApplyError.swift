import KubeClient

/// Why an applied configuration is refused.
enum ApplyError: Error, Hashable, Sendable {
    /// The configuration is none; the API answers 400.
    case malformed(String)
    /// Other managers own fields that it would change; the API answers 409 unless the request forces it.
    case conflicts([Conflict])

    struct Conflict: Hashable, Sendable {
        let owner: ManagedFields.Owner
        /// The field's path, such as `.spec.shutdown`.
        let field: String

        /// The owner in the words of the API server.
        var ownerDescription: String {
            var text = "\"\(owner.name)\""
            if !owner.subresource.isEmpty { text += " with subresource \"\(owner.subresource)\"" }
            return owner.operation == .update ? text + " using \(owner.apiVersion)" : text
        }

        /// One element of `details.causes` in a `Status` object.
        var cause: JSONValue {
            [
                "reason": "FieldManagerConflict", "message": .string("conflict with \(ownerDescription)"),
                "field": .string(field),
            ]
        }
    }

    var message: String {
        switch self {
        case .malformed(let message): return message
        case .conflicts(let conflicts):
            if conflicts.count == 1, let conflict = conflicts.first {
                return "Apply failed with 1 conflict: conflict with \(conflict.ownerDescription): \(conflict.field)"
            }
            var owners: [String] = []
            for conflict in conflicts where !owners.contains(conflict.ownerDescription) {
                owners.append(conflict.ownerDescription)
            }
            let lines = owners.map { owner in
                "conflicts with \(owner):\n"
                    + conflicts.filter { $0.ownerDescription == owner }.map { "- " + $0.field }.joined(separator: "\n")
            }
            return "Apply failed with \(conflicts.count) conflicts: " + lines.joined(separator: "\n")
        }
    }
}
