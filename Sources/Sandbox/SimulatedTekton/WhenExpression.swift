import KubeClient

/// A condition of a pipeline task, with all variables filled in.
struct WhenExpression: Hashable, Sendable {
    let input: String
    /// `in` or `notin`.
    let `operator`: String
    let values: [String]

    init(_ json: JSONValue) {
        input = json["input"]?.scalarText ?? ""
        `operator` = json["operator"]?.stringValue ?? ""
        values = (json["values"]?.elements ?? []).compactMap(\.scalarText)
    }

    /// Tells whether the task may run as far as this condition goes.
    var isMet: Bool {
        values.contains(input) != (`operator` == "notin")
    }
}
