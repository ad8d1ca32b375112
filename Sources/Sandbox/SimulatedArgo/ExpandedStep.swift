import KubeClient

/// A step or DAG task with its variables filled in; one of several where it is repeated for items.
struct ExpandedStep: Sendable {
    /// The name in the template, which annotations mean.
    let declaredName: String
    /// The name with the item, as nodes have it: `apply(1:eu)`.
    let name: String
    /// The text of a ``TemplateKey``.
    let template: String
    let when: String?
    let arguments: [String: String]
    let continuesOnFailure: Bool
    let continuesOnError: Bool

    init(_ json: JSONValue, name: String) {
        declaredName = json["name"]?.stringValue ?? ""
        self.name = name
        template = json["template"]?.stringValue ?? ""
        when = json["when"]?.scalarText
        var arguments: [String: String] = [:]
        for parameter in json["arguments"]?["parameters"]?.elements ?? [] {
            arguments[parameter["name"]?.stringValue ?? ""] = parameter["value"]?.scalarText
        }
        self.arguments = arguments
        continuesOnFailure = json["continueOn"]?["failed"]?.boolValue ?? false
        continuesOnError = json["continueOn"]?["error"]?.boolValue ?? false
    }

    func continues(after phase: NodePhase?) -> Bool {
        phase == .failed && continuesOnFailure || phase == .error && continuesOnError
    }
}

extension SimulatedWorkflow {
    /// The most items one step is repeated for.
    private static let mostItems = 1000

    /// Repeats a step for its items; a step without items is returned alone.
    func expand(_ step: JSONValue) -> [ExpandedStep] {
        let name = step["name"]?.stringValue ?? ""
        guard let items = items(of: step) else { return [ExpandedStep(step, name: name)] }
        return items.prefix(Self.mostItems).enumerated().map { index, item in
            let text = Self.text(of: item)
            let filled = Placeholders.argo.replace(in: step) { variable in
                if variable == "item" { return .string(text) }
                guard variable.hasPrefix("item.") else { return nil }
                return item[String(variable.dropFirst(5))]
            }
            return ExpandedStep(filled, name: "\(name)(\(index):\(text))")
        }
    }

    /// The items of a step; nil when it is not to be repeated.
    func items(of step: JSONValue) -> [JSONValue]? {
        if let items = step["withItems"]?.arrayValue { return items }
        if let text = step["withParam"]?.stringValue {
            return (try? JSONValue(parsing: text))?.arrayValue ?? []
        }
        guard let sequence = step["withSequence"] else { return nil }
        let start = sequence["start"]?.scalarText.flatMap { Int64($0) } ?? 0
        let count = sequence["count"]?.scalarText.flatMap { Int64($0) }
        let end = sequence["end"]?.scalarText.flatMap { Int64($0) }
        let most = Int64(Self.mostItems)
        let wanted = count ?? end.map { $0.subtractingReportingOverflow(start).partialValue + 1 } ?? 0
        return (0..<max(0, min(wanted, most))).map { .string(String(start &+ $0)) }
    }

    private static func text(of item: JSONValue) -> String {
        if let text = item.scalarText { return text }
        guard let object = item.objectValue else { return item.encodedString }
        return object.sorted { $0.key < $1.key }.map { "\($0.key):\(text(of: $0.value))" }.joined(separator: ",")
    }
}
