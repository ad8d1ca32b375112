import Patterns

/// The versions of the API server's cost estimate.
package enum CELCostModel: CaseIterable, Sendable {
    /// Kubernetes 1.31 and 1.32. The elements of lists and maps that an expression makes have no known size.
    case kubernetes131
    /// Since Kubernetes 1.33.
    case kubernetes133
}

extension CELProgram {
    /// The highest cost of an evaluation, in steps, as the API server estimates it before it accepts a rule.
    ///
    /// The unit is the API server's, not that of `CELBudget`. `limit` is the size limit of the value that the
    /// expression is about.
    package func estimatedCost(_ limit: CELSizeLimit, model: CELCostModel) -> UInt64 {
        let checker = CELChecker(variables: variables, source: source)
        var estimator = CELCostEstimator(limit: limit, model: model, checker: checker)
        return estimator.estimate(node).cost
    }
}

/// What is known about the value of an expression, and the highest cost to compute it.
struct CELEstimate {
    /// The sizes of the items of a list, or of the keys and values of a map, that the expression makes.
    struct Elements {
        var isList: Bool
        var key: CELSize
        var value: CELSize

        func union(_ other: Elements) -> Elements {
            Elements(isList: isList, key: key.union(other.key), value: value.union(other.value))
        }
    }

    var cost: UInt64
    let type: CELType
    var path = CELPath()
    /// The size, if it follows from the expression itself.
    var size: CELSize?
    /// The size if neither the path nor the type says more.
    var assumedSize: CELSize?
    var elements: Elements?
    var literal: CELValue?
    /// True if the size is final: it is not looked up again, even if it is nil.
    var isSettled = false
}

/// Estimates the cost of an expression from the sizes that its variables can have.
///
/// The rules are those of cel-go's cost estimate and of the API server's function costs. A loop costs its body times the
/// size limit of its list or map, and a function that reads a string costs a tenth of its size limit.
struct CELCostEstimator {
    enum Cost {
        static let character = 0.1
        static let patternCharacter = 0.25
        static let newList: UInt64 = 10
        static let newMap: UInt64 = 30
        /// Reading the variable that accumulates the result of a loop.
        static let accumulator: UInt64 = 1
    }

    /// A variable of a loop or of `optMap`.
    private struct Local {
        let name: String
        let path: CELPath
        /// Before Kubernetes 1.33, the path of a loop variable is formed at each use.
        var element: CELPath.Segment?
        var size: CELSize?
    }

    private let limit: CELSizeLimit
    let model: CELCostModel
    private var checker: CELChecker
    private var locals: [Local] = []

    init(limit: CELSizeLimit, model: CELCostModel, checker: CELChecker) {
        self.limit = limit
        self.model = model
        self.checker = checker
    }

    // MARK: Sizes

    /// The limit of a value from its declaration; with a segment, that of a part of it.
    func declaredSize(_ estimate: CELEstimate, then part: CELPath.Segment? = nil) -> CELSize? {
        estimate.path.limit(in: limit, then: part).map { CELSize(0, $0.maximum) }
    }

    private func size(of type: CELType) -> CELSize? {
        switch type {
        case .bool, .int, .uint, .double, .timestamp, .duration: CELSize(exactly: 1)
        case .optional(let inner): model == .kubernetes131 ? nil : size(of: inner)
        default: nil
        }
    }

    private func knownSize(of estimate: CELEstimate) -> CELSize? {
        if estimate.isSettled { return estimate.size }
        return estimate.size ?? declaredSize(estimate) ?? size(of: estimate.type) ?? estimate.assumedSize
    }

    func size(of estimate: CELEstimate) -> CELSize { knownSize(of: estimate) ?? .unknown }

    /// The size as the API server's own functions determine it: they look up the declaration again.
    func librarySize(of estimate: CELEstimate) -> CELSize { estimate.size ?? declaredSize(estimate) ?? .unknown }

    /// Since Kubernetes 1.33 the size of an operand is determined before the other operands, and keeps its value.
    private func settled(_ estimate: CELEstimate) -> CELEstimate {
        guard model != .kubernetes131 else { return estimate }
        var estimate = estimate
        estimate.size = knownSize(of: estimate)
        estimate.isSettled = true
        return estimate
    }

    // MARK: Expressions

    private mutating func operand(_ node: CELNode) -> CELEstimate { settled(estimate(node)) }

    private mutating func type(of node: CELNode) -> CELType {
        do throws(CELError) {
            return try checker.type(of: node)
        } catch {
            return .dyn
        }
    }

    mutating func estimate(_ node: CELNode) -> CELEstimate {
        var result = CELEstimate(cost: 0, type: type(of: node))
        switch node.kind {
        case .literal(let value):
            result.literal = value
            result.size = Self.size(of: value)
        case .identifier(let name): read(name, &result)
        case .select(let operand, let field, let isOptional): select(field, of: operand, isOptional, &result)
        // Testing for a field is free.
        case .has(let operand, _): result.cost = estimate(operand).cost
        case .index(let operand, let index, let isOptional): select(at: index, of: operand, isOptional, &result)
        case .call(let name, let receiver, let arguments): call(name, receiver, arguments, &result)
        case .matches(let text, let pattern):
            let text = operand(text)
            let length = CELSize(exactly: pattern.description.unicodeScalars.count)
            result.cost = text.cost.saturatingAdd(matchCost(size(of: text), length))
        case .list(let elements): makeList(elements.map(\.node), &result)
        case .map(let entries): makeMap(entries, &result)
        case .and(let operands), .or(let operands):
            for node in operands { result.cost = result.cost.saturatingAdd(operand(node).cost) }
        case .conditional(let condition, let then, let otherwise):
            let condition = operand(condition)
            choose(condition, operand(then), operand(otherwise), &result)
        case .comprehension(let loop): repeatLoop(loop, &result)
        case .optionalMap(let target, let variable, let body, let flattens):
            mapOptional(target, variable, body, flattens, &result)
        }
        return result
    }

    private static func size(of literal: CELValue) -> CELSize? {
        switch literal {
        case .string(let text): CELSize(exactly: text.unicodeScalars.count)
        case .bytes(let bytes): CELSize(exactly: bytes.count)
        case .bool, .int, .uint, .double, .null, .timestamp, .duration: CELSize(exactly: 1)
        default: nil
        }
    }

    private func read(_ name: String, _ result: inout CELEstimate) {
        result.cost = 1
        guard let local = locals.last(where: { $0.name == name }) else {
            result.path = CELPath(variable: name)
            return
        }
        result.path = local.element.map { local.path.appending($0) } ?? local.path
        result.assumedSize = local.size
    }

    private mutating func select(
        _ field: String, of operand: CELNode, _ isOptional: Bool, _ result: inout CELEstimate
    ) {
        let operand = isOptional ? self.operand(operand) : estimate(operand)
        result.cost = operand.cost
        guard !isOptional else {
            result.cost = result.cost.saturatingAdd(1)
            return
        }
        switch operand.type {
        case .map, .object: result.cost = result.cost.saturatingAdd(1)
        default: break
        }
        result.path = operand.path.appending(.field(field))
    }

    private mutating func select(
        at index: CELNode, of container: CELNode, _ isOptional: Bool, _ result: inout CELEstimate
    ) {
        let container = operand(container)
        result.cost = container.cost.saturatingAdd(operand(index).cost).saturatingAdd(1)
        if case .optional = container.type { return }
        guard !isOptional else { return }
        result.size = container.elements?.value
        result.path = container.path.appending(.element)
        if model != .kubernetes131 { result.size = knownSize(of: result) }
    }

    private mutating func makeList(_ nodes: [CELNode], _ result: inout CELEstimate) {
        result.cost = Cost.newList
        result.size = CELSize(exactly: nodes.count)
        let sizes = nodes.map { node in
            let element = operand(node)
            result.cost = result.cost.saturatingAdd(element.cost)
            return size(of: element)
        }
        result.elements = elements(isList: true, keys: [CELSize(exactly: 1)], values: sizes)
    }

    private mutating func makeMap(_ entries: [CELNode.Entry], _ result: inout CELEstimate) {
        result.cost = Cost.newMap
        result.size = CELSize(exactly: entries.count)
        var (keys, values): ([CELSize], [CELSize]) = ([], [])
        for entry in entries {
            let (key, value) = (operand(entry.key), operand(entry.value))
            result.cost = result.cost.saturatingAdd(key.cost).saturatingAdd(value.cost)
            keys.append(size(of: key))
            values.append(size(of: value))
        }
        result.elements = elements(isList: false, keys: keys, values: values)
    }

    /// The sizes of the elements of a new list or map; nil where the API server does not determine them.
    private func elements(isList: Bool, keys: [CELSize], values: [CELSize]) -> CELEstimate.Elements? {
        guard model != .kubernetes131 else { return nil }
        func union(_ sizes: [CELSize]) -> CELSize {
            sizes.dropFirst().reduce(sizes.first ?? CELSize(exactly: 0)) { $0.union($1) }
        }
        return CELEstimate.Elements(isList: isList, key: union(keys), value: union(values))
    }

    private func choose(
        _ condition: CELEstimate, _ then: CELEstimate, _ otherwise: CELEstimate, _ result: inout CELEstimate
    ) {
        result.cost = condition.cost.saturatingAdd(max(then.cost, otherwise.cost))
        result.size = size(of: then).union(size(of: otherwise))
        if let left = then.elements, let right = otherwise.elements { result.elements = left.union(right) }
    }

    private mutating func call(
        _ name: String, _ receiver: CELNode?, _ arguments: [CELNode], _ result: inout CELEstimate
    ) {
        let arguments = arguments.map { operand($0) }
        let receiver = receiver.map { operand($0) }
        for part in arguments + (receiver.map { [$0] } ?? []) { result.cost = result.cost.saturatingAdd(part.cost) }
        if name == "dyn", model != .kubernetes131, let argument = arguments.first {
            result.cost = result.cost.saturatingAdd(1)
            result.size = argument.size
            result.elements = argument.elements
            return
        }
        // The overload is not known if an argument has a dynamic type.
        let calls = CELFunction.overloads(of: name, receiver?.type, arguments.map(\.type)).map {
            callCost(name, $0, receiver, arguments)
        }
        result.cost = result.cost.saturatingAdd(calls.map(\.cost).max() ?? 1)
        for case let size? in calls.map(\.size) { result.size = result.size?.union(size) ?? size }
        for case let elements? in calls.map(\.elements) { result.elements = elements }
    }

    // MARK: Loops

    private mutating func repeatLoop(_ loop: CELNode.Comprehension, _ result: inout CELEstimate) {
        let range = estimate(loop.range)
        declare(loop.variable, in: range)
        defer {
            checker.removeLastVariable()
            locals.removeLast()
        }
        let predicate = loop.predicate.map { operand($0) }
        let perElement: UInt64
        var fixed = Cost.accumulator
        var element: CELSize?
        switch loop.kind {
        // Each round reads the accumulator for the condition, for the operator and for each of their calls.
        case .all: perElement = 2 + Cost.accumulator
        case .exists: perElement = 3 + Cost.accumulator
        case .existsOne:
            perElement = 1 + Cost.accumulator
            fixed += 1
        case .map, .filter:
            let transform = operand(loop.transform ?? CELNode(.identifier(loop.variable), at: loop.range.position))
            perElement = (1 + Cost.accumulator + Cost.newList).saturatingAdd(transform.cost)
            fixed += Cost.newList
            element = size(of: transform)
        }
        let count = size(of: range)
        let body = perElement.saturatingAdd(predicate?.cost ?? 0)
        result.cost = range.cost.saturatingAdd(fixed).saturatingAdd(count.maximum.saturatingMultiply(body))
        if let element {
            result.size = count
            result.elements = elements(
                isList: true, keys: [CELSize(exactly: 1)], values: [CELSize(exactly: 0), element])
        } else if model == .kubernetes131 {
            result.size = count
        }
    }

    /// Adds the variable of a loop over `range`.
    private mutating func declare(_ variable: String, in range: CELEstimate) {
        checker.addVariable(variable, CELChecker.elementType(of: range.type) ?? .dyn)
        let isList = if case .list = range.type { true } else { range.elements?.isList ?? false }
        guard model == .kubernetes131 else {
            let path = range.path.appending(isList ? .element : .key)
            let size = isList ? range.elements?.value : range.elements?.key
            locals.append(Local(name: variable, path: path, size: size))
            return
        }
        switch range.type {
        case .list: locals.append(Local(name: variable, path: range.path, element: .element))
        case .map: locals.append(Local(name: variable, path: range.path, element: .key))
        default: locals.append(Local(name: variable, path: CELPath()))
        }
    }

    /// `optMap` is a conditional that evaluates the target once more for its value.
    private mutating func mapOptional(
        _ target: CELNode, _ variable: String, _ body: CELNode, _ flattens: Bool, _ result: inout CELEstimate
    ) {
        let target = operand(target)
        let inner: CELType = if case .optional(let type) = target.type { type } else { .dyn }
        checker.addVariable(variable, inner)
        let path = model == .kubernetes131 ? CELPath(variable: variable) : CELPath()
        locals.append(Local(name: variable, path: path, size: model == .kubernetes131 ? nil : size(of: inner)))
        let body = operand(body)
        checker.removeLastVariable()
        locals.removeLast()
        let binding = Cost.newList.saturatingAdd(target.cost).saturatingAdd(body.cost).saturatingAdd(flattens ? 1 : 2)
        result.cost = target.cost.saturatingAdd(1).saturatingAdd(binding)
        let none = size(of: result.type) ?? .unknown
        result.size = (flattens && model != .kubernetes131 ? size(of: body) : none).union(none)
    }
}
