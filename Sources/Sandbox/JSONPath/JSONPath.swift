import KubeClient

/// A place, or several, in an object, in the dialect of printer columns and kubectl: `.status.conditions[?(@.type=="Ready")].status`.
struct JSONPath: Hashable, Sendable, CustomStringConvertible {
    enum Step: Hashable, Sendable {
        case field(String)
        /// Counts from the end when negative.
        case index(Int)
        case wildcard
        /// Elements for which the comparison holds.
        case filter(JSONPathFilter)
    }

    let steps: [Step]
    /// The path as it was written.
    let description: String

    /// Nil when the text is no path of the dialect; braces around it and a leading `$` are allowed.
    init?(_ text: String) {
        var parser = JSONPathParser(text)
        guard let steps = parser.parse() else { return nil }
        self.steps = steps
        description = text
    }

    /// The names along the path; nil when it has other steps than fields.
    var fieldNames: [String]? {
        var names: [String] = []
        for step in steps {
            guard case .field(let name) = step else { return nil }
            names.append(name)
        }
        return names
    }

    /// The values at the path, in the order of the object; empty when there is none.
    func values(in object: JSONValue) -> [JSONValue] {
        var current = [object]
        for step in steps { current = current.flatMap { Self.values(of: $0, step) } }
        return current
    }

    private static func values(of value: JSONValue, _ step: Step) -> [JSONValue] {
        switch (step, value) {
        case (.field(let name), .object(let object)): object[name].map { [$0] } ?? []
        case (.index(let index), .array(let elements)):
            value[index < 0 ? elements.count + index : index].map { [$0] } ?? []
        case (.wildcard, .array(let elements)): elements
        case (.wildcard, .object(let object)): object.map(\.value)
        case (.filter(let filter), .array(let elements)): elements.filter { filter.holds(for: $0) }
        case (.filter(let filter), .object): filter.holds(for: value) ? [value] : []
        default: []
        }
    }
}
