/// One run of an expression.
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
        guard case .bool(let result) = try value(of: node) else { throw .noSuchOverload("a bool is needed") }
        return result
    }

    private mutating func string(_ node: CELNode) throws(CELError) -> String {
        let value = try value(of: node)
        guard case .string(let text) = value else { throw .noSuchOverload("matches") }
        try budget.charge(value.size)
        return text
    }

    /// Whether some operand is the one value that decides `&&` or `||`; it does even when another has failed.
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

    /// Comparisons look at everything inside; other functions only at the value's own content.
    private func cost(of argument: CELValue, in name: String) -> Int {
        switch name {
        case "_==_", "_!=_", "@in": argument.deepSize
        case "sets.contains", "sets.intersects", "sets.equivalent":
            // Every element of one is compared with every element of the other.
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
