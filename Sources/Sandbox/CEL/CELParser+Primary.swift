extension CELParser {
    private static let reserved: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop", "package",
        "namespace",
        "return", "var", "void", "while",
    ]

    mutating func member() throws(CELError) -> CELNode {
        var operand = try primary()
        while true {
            let position = next.position
            if take(".") {
                let isOptional = take("?")
                let field = try identifier()
                if !isOptional, take("(") {
                    operand = try methodCall(field, on: operand, at: position)
                } else {
                    operand = try node(.select(operand, field: field, isOptional: isOptional), at: position)
                }
            } else if take("[") {
                let isOptional = take("?")
                let index = try expression()
                try expect("]")
                operand = try node(.index(operand, index, isOptional: isOptional), at: position)
            } else {
                return operand
            }
        }
    }

    private mutating func identifier() throws(CELError) -> String {
        guard case .identifier(let name) = next.kind else { throw unexpected() }
        advance()
        return name
    }

    private mutating func primary() throws(CELError) -> CELNode {
        let token = next
        advance()
        switch token.kind {
        case .int(let value): return try node(.literal(.int(value)), at: token.position)
        case .uint(let value): return try node(.literal(.uint(value)), at: token.position)
        case .double(let value): return try node(.literal(.double(value)), at: token.position)
        case .string(let value): return try node(.literal(.string(value)), at: token.position)
        case .bytes(let value): return try node(.literal(.bytes(value)), at: token.position)
        case .intMagnitudeOverflow: throw error("invalid int literal", at: token.position)
        case .identifier(let name): return try named(name, at: token.position)
        case .symbol("("):
            let inner = try expression()
            try expect(")")
            return inner
        case .symbol("["): return try list(at: token.position)
        case .symbol("{"): return try map(at: token.position)
        case .symbol("."): return try named(try identifier(), at: token.position)
        case .symbol(let symbol): throw error("Syntax error: unexpected '\(symbol)'", at: token.position)
        case .end: throw error("Syntax error: unexpected end of the expression", at: token.position)
        }
    }

    private mutating func named(_ name: String, at position: Int) throws(CELError) -> CELNode {
        switch name {
        case "true", "false": return try node(.literal(.bool(name == "true")), at: position)
        case "null": return try node(.literal(.null), at: position)
        default: break
        }
        guard !Self.reserved.contains(name) else { throw error("reserved identifier: \(name)", at: position) }
        guard take("(") else { return try node(.identifier(name), at: position) }
        let arguments = try arguments(until: ")")
        guard name == "has" else { return try node(.call(name, receiver: nil, arguments: arguments), at: position) }
        guard arguments.count == 1, case .select(let operand, let field, false) = arguments[0].kind else {
            throw error("invalid argument to has() macro", at: position)
        }
        return try node(.has(operand, field: field), at: position)
    }

    private mutating func list(at position: Int) throws(CELError) -> CELNode {
        var elements: [CELNode.Element] = []
        while !isNext("]") {
            let isOptional = take("?")
            elements.append(CELNode.Element(node: try expression(), isOptional: isOptional))
            guard take(",") else { break }
        }
        try expect("]")
        return try node(.list(elements), at: position)
    }

    private mutating func map(at position: Int) throws(CELError) -> CELNode {
        var entries: [CELNode.Entry] = []
        while !isNext("}") {
            let isOptional = take("?")
            let key = try expression()
            try expect(":")
            entries.append(CELNode.Entry(key: key, value: try expression(), isOptional: isOptional))
            guard take(",") else { break }
        }
        try expect("}")
        return try node(.map(entries), at: position)
    }

    // MARK: Macros

    private mutating func methodCall(_ name: String, on target: CELNode, at position: Int) throws(CELError) -> CELNode {
        let arguments = try arguments(until: ")")
        if let kind = CELNode.Comprehension.Kind(rawValue: name) {
            let isThree = kind == .map && arguments.count == 3
            if arguments.count == 2 || isThree {
                let last = arguments[arguments.count - 1]
                let loop = CELNode.Comprehension(
                    kind: kind, range: target, variable: try variable(arguments[0]),
                    predicate: isThree ? arguments[1] : kind == .map ? nil : last, transform: kind == .map ? last : nil)
                return try node(.comprehension(loop), at: position)
            }
        }
        if name == "optMap" || name == "optFlatMap", arguments.count == 2 {
            let variable = try variable(arguments[0])
            return try node(
                .optionalMap(target, variable: variable, body: arguments[1], flattens: name == "optFlatMap"),
                at: position)
        }
        if case .identifier(let namespace) = target.kind, Self.namespaces.contains(namespace) {
            return try node(.call("\(namespace).\(name)", receiver: nil, arguments: arguments), at: position)
        }
        if name == "matches", arguments.count == 1, case .literal(.string(let text)) = arguments[0].kind {
            let pattern: Pattern
            do throws(PatternError) {
                pattern = try Pattern(text)
            } catch {
                throw self.error("invalid matches argument: \(error)", at: arguments[0].position)
            }
            return try node(.matches(target, pattern), at: position)
        }
        return try node(.call(name, receiver: target, arguments: arguments), at: position)
    }

    /// Words before a function's name that are no values.
    private static let namespaces: Set<String> = ["optional", "sets"]

    private func variable(_ node: CELNode) throws(CELError) -> String {
        guard case .identifier(let name) = node.kind else {
            throw error("argument must be a simple name", at: node.position)
        }
        return name
    }
}
