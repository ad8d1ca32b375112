import KubeClient
import Patterns

/// One evaluation of an expression, with its variables and remaining budget.
struct CELEvaluation {
    var scope: [(name: String, value: CELValue)]
    var budget: CELBudget

    init(scope: [(name: String, value: CELValue)], budget: CELBudget) {
        self.scope = scope
        self.budget = budget
        self.budget.startExpression()
    }

    mutating func value(of node: CELNode) throws(CELError) -> CELValue {
        try budget.charge(1)
        switch node.kind {
        case .literal(let value): return value
        case .identifier(let name): return scope.last { $0.name == name }?.value ?? .type(name)
        case .select(let operand, let field, let isOptional):
            return try select(field, from: value(of: operand), isOptional: isOptional)
        case .has(let operand, let field): return .bool(try has(field, in: value(of: operand)))
        case .index(let operand, let index, let isOptional):
            return try element(at: value(of: index), of: value(of: operand), isOptional: isOptional)
        case .call(let name, let receiver, let arguments): return try call(name, receiver, arguments)
        case .matches(let operand, let pattern): return .bool(pattern.matches(try string(operand)))
        case .list(let elements): return try list(elements)
        case .map(let entries): return try map(entries)
        case .and(let operands): return .bool(try !decides(operands, by: false))
        case .or(let operands): return .bool(try decides(operands, by: true))
        case .conditional(let condition, let then, let otherwise):
            return try value(of: bool(condition) ? then : otherwise)
        case .comprehension(let loop): return try run(loop)
        case .optionalMap(let target, let variable, let body, let flattens):
            return try optionalMap(target, variable, body, flattens: flattens)
        }
    }

    mutating func bool(_ node: CELNode) throws(CELError) -> Bool {
        guard case .bool(let result) = try value(of: node) else { throw .noSuchOverload("expected a bool") }
        return result
    }

    private mutating func string(_ node: CELNode) throws(CELError) -> String {
        let value = try value(of: node)
        guard case .string(let text) = value else { throw .noSuchOverload("matches") }
        try budget.charge(value.size)
        return text
    }

    /// True if an operand has the value that decides `&&` or `||`; errors of other operands are then ignored.
    private mutating func decides(_ operands: [CELNode], by deciding: Bool) throws(CELError) -> Bool {
        var failure: CELError?
        for operand in operands {
            do throws(CELError) {
                if try bool(operand) == deciding { return true }
            } catch {
                if error.isOutOfBudget { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return false
    }

    private mutating func call(_ name: String, _ receiver: CELNode?, _ nodes: [CELNode]) throws(CELError) -> CELValue {
        var arguments: [CELValue] = []
        arguments.reserveCapacity(nodes.count + 1)
        if let receiver { arguments.append(try value(of: receiver)) }
        for node in nodes { arguments.append(try value(of: node)) }
        for argument in arguments { try budget.charge(cost(of: argument, in: name)) }
        guard let function = CELFunction.library[name], let result = try function.body(arguments) else {
            throw .noSuchOverload(name)
        }
        return result
    }

    /// Comparisons read nested content; other functions read only the top level of their arguments.
    private func cost(of argument: CELValue, in name: String) -> Int {
        switch name {
        case "_==_", "_!=_", "@in": argument.deepSize
        case "sets.contains", "sets.intersects", "sets.equivalent":
            // Every element of one list is compared with every element of the other.
            argument.size * argument.size
        default: argument.size
        }
    }

    private mutating func list(_ elements: [CELNode.Element]) throws(CELError) -> CELValue {
        var values: [CELValue] = []
        for element in elements {
            let value = try value(of: element.node)
            guard element.isOptional else {
                values.append(value)
                continue
            }
            guard case .optional(let content) = value else { throw .noSuchOverload("[?]") }
            if let content { values.append(content) }
        }
        return .list(values)
    }

    private mutating func map(_ nodes: [CELNode.Entry]) throws(CELError) -> CELValue {
        var entries: [CELEntry] = []
        for node in nodes {
            let key = try value(of: node.key)
            let value = try value(of: node.value)
            guard !entries.contains(where: { $0.key.equals(key) }) else {
                throw CELError("failed to build map: repeated key")
            }
            guard node.isOptional else {
                entries.append(CELEntry(key: key, value: value))
                continue
            }
            guard case .optional(let content) = value else { throw .noSuchOverload("{?}") }
            if let content { entries.append(CELEntry(key: key, value: content)) }
        }
        return .map(entries)
    }

    private mutating func optionalMap(
        _ target: CELNode, _ variable: String, _ body: CELNode, flattens: Bool
    ) throws(CELError) -> CELValue {
        guard case .optional(let content) = try value(of: target) else { throw .noSuchOverload("optMap") }
        guard let content else { return .optional(nil) }
        scope.append((variable, content))
        defer { scope.removeLast() }
        let result = try value(of: body)
        return flattens ? result : .optional(result)
    }
}

/// Field and element access, and macros over lists and maps.
extension CELEvaluation {
    func select(_ field: String, from operand: CELValue, isOptional: Bool) throws(CELError) -> CELValue {
        if case .optional(let content) = operand {
            guard let content else { return .optional(nil) }
            return .optional(Self.member(field, of: content))
        }
        guard operand.hasNamedEntries else { throw .noSuchOverload("field selection of \(operand.typeName)") }
        let found = Self.member(field, of: operand)
        if isOptional { return .optional(found) }
        guard let found else { throw .noSuchKey(field) }
        return found
    }

    func has(_ field: String, in operand: CELValue) throws(CELError) -> Bool {
        if case .optional(let content) = operand { return content.map { Self.member(field, of: $0) != nil } ?? false }
        guard operand.hasNamedEntries else { throw .noSuchOverload("has() of \(operand.typeName)") }
        return Self.member(field, of: operand) != nil
    }

    /// Names of declared fields are escaped in expressions; map keys are not.
    private static func member(_ field: String, of value: CELValue) -> CELValue? {
        if case .object(_, let schema?) = value, schema.declaresFields {
            return value.member(.string(EscapedName.unescaped(field)))
        }
        return value.member(.string(field))
    }

    func element(at index: CELValue, of operand: CELValue, isOptional: Bool) throws(CELError) -> CELValue {
        if case .optional(let content) = operand {
            guard let content else { return .optional(nil) }
            return try element(at: index, of: content, isOptional: true)
        }
        var found: CELValue?
        switch operand {
        case .list(let list):
            let place: Int? =
                switch index {
                case .int(let value): Int(exactly: value)
                case .uint(let value): Int(exactly: value)
                case .double(let value): Int(exactly: value)
                default: throw .noSuchOverload("_[_]")
                }
            if let place, list.elements.indices.contains(place) { found = list.elements[place] }
            guard found != nil || isOptional else { throw CELError("index out of bounds: \(place ?? -1)") }
        case .map, .object:
            found = operand.member(index)
            guard found != nil || isOptional else { throw .noSuchKey(index.keyText) }
        default: throw .noSuchOverload("_[_]")
        }
        if isOptional { return .optional(found) }
        return found ?? .null
    }

    mutating func run(_ loop: CELNode.Comprehension) throws(CELError) -> CELValue {
        let range = try value(of: loop.range)
        let elements: [CELValue]
        if case .list(let list) = range {
            elements = list.elements
        } else if let entries = range.entries {
            elements = entries.map(\.key)
        } else {
            throw .noSuchOverload("\(loop.kind.rawValue) of \(range.typeName)")
        }
        try budget.charge(elements.count)
        scope.append((loop.variable, .null))
        defer { scope.removeLast() }
        switch loop.kind {
        case .all: return .bool(try !anyElement(of: elements, loop, is: false))
        case .exists: return .bool(try anyElement(of: elements, loop, is: true))
        case .existsOne: return .bool(try filtered(elements, loop).count == 1)
        case .filter: return .list(try filtered(elements, loop))
        case .map: return .list(try mapped(elements, loop))
        }
    }

    private mutating func predicate(_ loop: CELNode.Comprehension, for element: CELValue) throws(CELError) -> Bool {
        scope[scope.count - 1].value = element
        return try loop.predicate.map { (node) throws(CELError) in try bool(node) } ?? true
    }

    /// Whether any element decides the result, like `||`: if one does, errors of the others are ignored.
    private mutating func anyElement(
        of elements: [CELValue], _ loop: CELNode.Comprehension, is deciding: Bool
    ) throws(CELError) -> Bool {
        var failure: CELError?
        for element in elements {
            do throws(CELError) {
                if try predicate(loop, for: element) == deciding { return true }
            } catch {
                if error.isOutOfBudget { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return false
    }

    private mutating func filtered(_ elements: [CELValue], _ loop: CELNode.Comprehension) throws(CELError) -> [CELValue]
    {
        var result: [CELValue] = []
        for element in elements where try predicate(loop, for: element) { result.append(element) }
        return result
    }

    private mutating func mapped(_ elements: [CELValue], _ loop: CELNode.Comprehension) throws(CELError) -> [CELValue] {
        var result: [CELValue] = []
        guard let transform = loop.transform else { return elements }
        for element in elements where try predicate(loop, for: element) { result.append(try value(of: transform)) }
        return result
    }
}

extension CELValue {
    fileprivate var hasNamedEntries: Bool {
        switch self {
        case .map, .object: true
        default: false
        }
    }

    fileprivate var keyText: String {
        switch self {
        case .string(let text): text
        case .int(let value): "\(value)"
        case .uint(let value): "\(value)"
        case .bool(let value): "\(value)"
        default: typeName
        }
    }

    /// The cost of comparing the value, nested content included.
    var deepSize: Int {
        switch self {
        case .list(let list):
            let inner = list.elements.reduce(1) { $0 + $1.deepSize }
            // Every element of a set is searched among all elements of the other set.
            return list.type == .atomic ? inner : min(inner, 1_000_000) * max(1, list.elements.count)
        case .map(let entries): return entries.reduce(1) { $0 + $1.key.deepSize + $1.value.deepSize }
        case .object(let object, _): return JSONValue.object(object).measured.count
        case .optional(let content?): return content.deepSize
        default: return size
        }
    }
}
