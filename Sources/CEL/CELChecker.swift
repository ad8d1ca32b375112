/// Infers the type of an expression, and rejects unknown names, fields and functions.
struct CELChecker {
    private var scope: [(name: String, type: CELType)]
    private let scalars: [Unicode.Scalar]

    init(variables: [(name: String, type: CELType)], source: String) {
        scope = variables
        scalars = Array(source.unicodeScalars)
    }

    /// Adds a variable that hides others of the same name.
    mutating func addVariable(_ name: String, _ type: CELType) { scope.append((name, type)) }

    mutating func removeLastVariable() { scope.removeLast() }

    private static let typeNames: Set<String> = [
        "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type",
    ]

    private func error(_ message: String, _ node: CELNode) -> CELError {
        .syntax(message, at: node.position, in: scalars)
    }

    mutating func type(of node: CELNode) throws(CELError) -> CELType {
        switch node.kind {
        case .literal(let value): return Self.type(of: value)
        case .identifier(let name):
            if let variable = scope.last(where: { $0.name == name }) { return variable.type }
            guard Self.typeNames.contains(name) else {
                throw error("undeclared reference to '\(name)' (in container '')", node)
            }
            return .type
        case .select(let operand, let field, let isOptional):
            return try self.type(ofField: field, of: operand, isOptional: isOptional, node)
        case .has(let operand, let field):
            _ = try self.type(ofField: field, of: operand, isOptional: false, node)
            return .bool
        case .index(let operand, let index, let isOptional):
            return try type(ofIndex: index, in: operand, isOptional: isOptional, node)
        case .call(let name, let receiver, let arguments): return try type(ofCall: name, receiver, arguments, node)
        case .matches(let operand, _):
            try expect(.string, of: operand)
            return .bool
        case .list(let elements): return .list(try common(elements.map { ($0.node, $0.isOptional) }))
        case .map(let entries):
            let key = try common(entries.map { ($0.key, false) })
            return .map(key, try common(entries.map { ($0.value, $0.isOptional) }))
        case .and(let operands), .or(let operands):
            for operand in operands { try expect(.bool, of: operand) }
            return .bool
        case .conditional(let condition, let then, let otherwise):
            try expect(.bool, of: condition)
            let (left, right) = (try type(of: then), try type(of: otherwise))
            guard let joined = Self.joined(left, right) else {
                throw error("found no matching overload for '_?_:_' applied to '(bool, \(left), \(right))'", node)
            }
            return joined
        case .comprehension(let loop): return try type(of: loop, node)
        case .optionalMap(let target, let variable, let body, let flattens):
            return try type(ofOptionalMap: target, variable, body, flattens, node)
        }
    }

    private static func type(of literal: CELValue) -> CELType {
        switch literal {
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .null: .null
        default: .dyn
        }
    }

    private static func joined(_ left: CELType, _ right: CELType) -> CELType? {
        if case .null = left { return right }
        if case .null = right { return left }
        var bindings = CELTypeBindings()
        guard bindings.accept(left, right) else { return nil }
        if case .dyn = right { return .dyn }
        return left
    }

    /// The common type of the nodes; dyn if their types differ.
    private mutating func common(_ nodes: [(node: CELNode, isOptional: Bool)]) throws(CELError) -> CELType {
        var result: CELType?
        for (node, isOptional) in nodes {
            var type = try type(of: node)
            if isOptional {
                guard case .optional(let inner) = type else {
                    throw error("expected an optional value, found '\(type)'", node)
                }
                type = inner
            }
            result = result.map { Self.joined($0, type) ?? .dyn } ?? type
        }
        return result ?? .dyn
    }

    private mutating func expect(_ wanted: CELType, of node: CELNode) throws(CELError) {
        let found = try type(of: node)
        var bindings = CELTypeBindings()
        guard bindings.accept(wanted, found) else {
            throw error("expected type '\(wanted)' but found '\(found)'", node)
        }
    }

    // MARK: Parts of values

    /// The type of an operand, or of the value of an optional operand; a part of an optional is optional.
    private mutating func container(
        _ operand: CELNode, isOptional: Bool
    ) throws(CELError) -> (type: CELType, isOptional: Bool) {
        let found = try type(of: operand)
        guard case .optional(let inner) = found else { return (found, isOptional) }
        return (inner, true)
    }

    private mutating func type(
        ofField field: String, of operand: CELNode, isOptional: Bool, _ node: CELNode
    ) throws(CELError) -> CELType {
        let (container, isOptional) = try container(operand, isOptional: isOptional)
        let found: CELType
        switch container {
        case .dyn: found = .dyn
        case .map(_, let value): found = value
        case .object(let schema):
            guard let type = schema.type(ofField: EscapedName.unescaped(field)) else {
                throw error("undefined field '\(field)'", node)
            }
            found = type
        default: throw error("type '\(container)' does not support field selection", node)
        }
        return isOptional ? .optional(found) : found
    }

    private mutating func type(
        ofIndex index: CELNode, in operand: CELNode, isOptional: Bool, _ node: CELNode
    ) throws(CELError) -> CELType {
        let (container, isOptional) = try container(operand, isOptional: isOptional)
        let found: CELType
        switch container {
        case .dyn:
            _ = try type(of: index)
            found = .dyn
        case .list(let element):
            try expect(.int, of: index)
            found = element
        case .map(let key, let value):
            try expect(key, of: index)
            found = value
        default:
            throw error(
                "found no matching overload for '_[_]' applied to '(\(container), \(try type(of: index)))'", node)
        }
        return isOptional ? .optional(found) : found
    }

    // MARK: Calls

    private mutating func type(
        ofCall name: String, _ receiver: CELNode?, _ arguments: [CELNode], _ node: CELNode
    ) throws(CELError) -> CELType {
        guard let function = CELFunction.library[name] else {
            throw error("undeclared reference to '\(name)' (in container '')", node)
        }
        var receiverType: CELType?
        if let receiver { receiverType = try type(of: receiver) }
        var types: [CELType] = []
        for argument in arguments { types.append(try type(of: argument)) }
        for signature in function.signatures where signature.arguments.count == types.count {
            var bindings = CELTypeBindings()
            switch (signature.receiver, receiverType) {
            case (nil, nil): break
            case (let wanted?, let found?): guard bindings.accept(wanted, found) else { continue }
            default: continue
            }
            if zip(signature.arguments, types).allSatisfy({ bindings.accept($0, $1) }) {
                return areKnown(receiverType, types)
                    ? bindings.resolved(signature.result) : resultForDynamicArguments(function, signature)
            }
        }
        let list = types.map(\.description).joined(separator: ", ")
        let applied = receiverType.map { "\($0).(\(list))" } ?? "(\(list))"
        throw error("found no matching overload for '\(name)' applied to '\(applied)'", node)
    }

    private func areKnown(_ receiver: CELType?, _ arguments: [CELType]) -> Bool {
        ((receiver.map { [$0] } ?? []) + arguments).allSatisfy { if case .dyn = $0 { false } else { true } }
    }

    /// With a dynamic argument, the overload is known only at run time; the result is dyn unless all overloads agree.
    private func resultForDynamicArguments(_ function: CELFunction, _ signature: CELFunction.Signature) -> CELType {
        let results = Set(function.signatures.map(\.result.description))
        return results.count == 1 ? CELTypeBindings().resolved(signature.result) : .dyn
    }

    private mutating func type(of loop: CELNode.Comprehension, _ node: CELNode) throws(CELError) -> CELType {
        let range = try type(of: loop.range)
        guard let element = Self.elementType(of: range) else {
            throw error(
                "expression of type '\(range)' cannot be range of a comprehension (must be list, map, or dynamic)", node
            )
        }
        addVariable(loop.variable, element)
        defer { removeLastVariable() }
        if let predicate = loop.predicate { try expect(.bool, of: predicate) }
        switch loop.kind {
        case .all, .exists, .existsOne: return .bool
        case .filter: return .list(element)
        case .map: return .list(try loop.transform.map { (node) throws(CELError) in try type(of: node) } ?? .dyn)
        }
    }

    /// The type of the variable of a loop over a list or the keys of a map.
    static func elementType(of range: CELType) -> CELType? {
        switch range {
        case .dyn: .dyn
        case .list(let element): element
        case .map(let key, _): key
        default: nil
        }
    }

    private mutating func type(
        ofOptionalMap target: CELNode, _ variable: String, _ body: CELNode, _ flattens: Bool, _ node: CELNode
    ) throws(CELError) -> CELType {
        let inner: CELType
        switch try type(of: target) {
        case .dyn: inner = .dyn
        case .optional(let type): inner = type
        case let other: throw error("expected an optional value, found '\(other)'", node)
        }
        addVariable(variable, inner)
        defer { removeLastVariable() }
        let result = try type(of: body)
        guard flattens else { return .optional(result) }
        switch result {
        case .optional, .dyn: return result
        default: throw error("optFlatMap needs an optional value, found '\(result)'", node)
        }
    }
}
