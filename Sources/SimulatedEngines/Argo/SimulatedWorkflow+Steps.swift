import KubeClient

/// Steps templates: groups of steps that run one after the other.
extension SimulatedWorkflow {
    mutating func executeSteps(_ call: TemplateCall, _ template: JSONValue, id: String, at now: Timestamp) {
        let groups = template["steps"]?.elements ?? []
        for (index, group) in groups.enumerated() {
            let name = "\(call.nodeName)[\(index)]"
            makeGroup(call, index, name: name, parent: id, at: now)
            let groupID = tree.id(of: name)
            executeGroup(group.elements, call, name: name, id: groupID, boundary: id, at: now)
            guard let node = tree[groupID], node.phase.isFulfilled else { return }
            let outbound = node.children.flatMap { tree.outboundNodes(of: $0) }
            // The next group starts in the same reconciliation, so the outbound nodes are known only at the end.
            if node.phase.isFailure || index == groups.count - 1 { tree[id]?.outboundNodes = outbound }
            if node.phase.isFailure {
                tree.mark(id, .failed, node.message, at: now)
                return
            }
        }
        setOutputs(of: template, id: id)
        tree.mark(id, .succeeded, at: now)
    }

    private mutating func makeGroup(
        _ call: TemplateCall, _ index: Int, name: String, parent: String, at now: Timestamp
    ) {
        guard tree.node(named: name) == nil else { return }
        let group = TemplateCall(
            template: "", nodeName: name, displayName: "[\(index)]", boundaryID: parent, flag: .empty,
            isPartOfExitHandler: call.isPartOfExitHandler, names: [])
        make(group, .stepGroup, .running, at: now)
        let id = tree.id(of: name)
        guard index > 0, let earlier = tree.node(named: "\(call.nodeName)[\(index - 1)]") else {
            tree.connect(parent, to: id)
            return
        }
        let outbound = earlier.children.flatMap { tree.outboundNodes(of: $0) }
        for parent in outbound.isEmpty ? [earlier.id] : outbound { tree.connect(parent, to: id) }
    }

    /// Starts the steps of a group; ends the group when all of them have ended.
    private mutating func executeGroup(
        _ steps: [JSONValue], _ call: TemplateCall, name: String, id: String, boundary: String, at now: Timestamp
    ) {
        guard tree[id]?.phase.isFulfilled == false else { return }
        var continuing: Set<String> = []
        for declared in steps {
            let resolved = substitute(declared, inputs: tree[boundary]?.inputs ?? [], boundary: boundary)
            for step in expand(resolved) {
                let child = begin(step, prefix: "\(name).", call, boundary: boundary, at: now)
                tree.connect(id, to: child)
                if step.continues(after: tree[child]?.phase) { continuing.insert(child) }
            }
        }
        let children = tree[id]?.children ?? []
        guard children.allSatisfy({ tree[$0]?.phase.isFulfilled == true }) else { return }
        let failed = children.first { tree[$0]?.phase.isFailure == true && !continuing.contains($0) }
        if let failed {
            tree.mark(id, .failed, "child '\(failed)' failed", at: now)
        } else {
            tree.mark(id, .succeeded, at: now)
        }
    }

    /// Starts or skips a step or task; returns the ID of its node.
    mutating func begin(
        _ step: ExpandedStep, prefix: String, _ call: TemplateCall, boundary: String, at now: Timestamp
    ) -> String {
        var inner = TemplateCall(
            template: step.template, nodeName: prefix + step.name, displayName: step.name, boundaryID: boundary,
            isPartOfExitHandler: call.isPartOfExitHandler, names: [step.declaredName, TemplateKey(step.template).name],
            arguments: step.arguments, depth: call.depth + 1)
        let id = tree.id(of: inner.nodeName)
        if let condition = step.when, tree[id] == nil {
            inner.flag = .empty
            switch WhenCondition.evaluate(condition) {
            case nil:
                make(inner, .skipped, .error, message: "Invalid 'when' expression '\(condition)'", at: now)
                return id
            case false?:
                make(inner, .skipped, .skipped, message: "when '\(condition)' evaluated false", at: now)
                return id
            case true?: inner.flag = .none
            }
        }
        execute(inner, at: now)
        return id
    }
}

/// A step or DAG task after substitution, one per item if it is repeated.
struct ExpandedStep: Sendable {
    /// The name in the template, by which annotations refer to it.
    let declaredName: String
    /// The node's name, including the item: `apply(1:eu)`.
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
    /// How many times a step can be repeated.
    private static let maximumItems = 1000

    /// Expands a step into one step per item; a step without items expands to itself.
    func expand(_ step: JSONValue) -> [ExpandedStep] {
        let name = step["name"]?.stringValue ?? ""
        guard let items = items(of: step) else { return [ExpandedStep(step, name: name)] }
        return items.prefix(Self.maximumItems).enumerated().map { index, item in
            let text = Self.text(of: item)
            let filled = Placeholders.argo.replace(in: step) { variable in
                if variable == "item" { return .string(text) }
                guard variable.hasPrefix("item.") else { return nil }
                return item[String(variable.dropFirst(5))]
            }
            return ExpandedStep(filled, name: "\(name)(\(index):\(text))")
        }
    }

    /// The items of a step; nil if it is not repeated.
    func items(of step: JSONValue) -> [JSONValue]? {
        if let items = step["withItems"]?.arrayValue { return items }
        if let text = step["withParam"]?.stringValue {
            return (try? JSONValue(parsing: text))?.arrayValue ?? []
        }
        guard let sequence = step["withSequence"] else { return nil }
        let start = sequence["start"]?.scalarText.flatMap { Int64($0) } ?? 0
        let count = sequence["count"]?.scalarText.flatMap { Int64($0) }
        let end = sequence["end"]?.scalarText.flatMap { Int64($0) }
        let most = Int64(Self.maximumItems)
        let requestedCount = count ?? end.map { $0.subtractingReportingOverflow(start).partialValue + 1 } ?? 0
        return (0..<max(0, min(requestedCount, most))).map { .string(String(start &+ $0)) }
    }

    private static func text(of item: JSONValue) -> String {
        if let text = item.scalarText { return text }
        guard let object = item.objectValue else { return item.encodedString }
        return object.sorted { $0.key < $1.key }.map { "\($0.key):\(text(of: $0.value))" }.joined(separator: ",")
    }
}
