import Patterns

/// Parses expressions of the Common Expression Language.
struct CELParser {
    private static let maximumLength = 20_000
    static let maximumDepth = 100

    private let tokens: [CELToken]
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var depth = 0

    static func parse(_ text: String) throws(CELError) -> CELNode {
        guard text.utf8.count <= maximumLength else {
            throw CELError("expression is longer than \(maximumLength) bytes")
        }
        var parser = CELParser(tokens: try CELLexer.tokens(text), scalars: Array(text.unicodeScalars))
        let node = try parser.expression()
        guard case .end = parser.next.kind else { throw parser.unexpected() }
        return node
    }

    private init(tokens: [CELToken], scalars: [Unicode.Scalar]) {
        self.tokens = tokens
        self.scalars = scalars
    }

    // MARK: Tokens

    /// The next token; the end token is never consumed.
    var next: CELToken { tokens[min(index, tokens.count - 1)] }

    mutating func advance() { index += 1 }

    func isNext(_ symbol: String) -> Bool { next.kind == .symbol(symbol) }

    mutating func take(_ symbol: String) -> Bool {
        guard isNext(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: String) throws(CELError) {
        guard take(symbol) else { throw unexpected(expecting: symbol) }
    }

    func error(_ message: String, at position: Int) -> CELError { .syntax(message, at: position, in: scalars) }

    func unexpected(expecting symbol: String? = nil) -> CELError {
        let found =
            switch next.kind {
            case .end: "<EOF>"
            case .symbol(let text), .identifier(let text): text
            default: "literal"
            }
        let hint = symbol.map { " expecting '\($0)'" } ?? ""
        return error("Syntax error: mismatched input '\(found)'\(hint)", at: next.position)
    }

    func node(_ kind: CELNode.Kind, at position: Int) throws(CELError) -> CELNode {
        let node = CELNode(kind, at: position)
        guard node.depth <= Self.maximumDepth else {
            throw error("expression is nested deeper than \(Self.maximumDepth) operatorsByPrecedence", at: position)
        }
        return node
    }

    // MARK: Operators

    mutating func expression() throws(CELError) -> CELNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw error(
                "expression is nested deeper than \(Self.maximumDepth) operatorsByPrecedence", at: next.position)
        }
        let condition = try disjunction()
        let position = next.position
        guard take("?") else { return condition }
        let then = try disjunction()
        try expect(":")
        let otherwise = try expression()
        return try node(.conditional(condition, then: then, otherwise: otherwise), at: position)
    }

    private mutating func disjunction() throws(CELError) -> CELNode {
        let position = next.position
        var operands = [try conjunction()]
        while take("||") { operands.append(try conjunction()) }
        return operands.count == 1 ? operands[0] : try node(.or(operands), at: position)
    }

    private mutating func conjunction() throws(CELError) -> CELNode {
        let position = next.position
        var operands = [try binary(level: 0)]
        while take("&&") { operands.append(try binary(level: 0)) }
        return operands.count == 1 ? operands[0] : try node(.and(operands), at: position)
    }

    /// Binary operators by precedence, lowest first; all are left-associative.
    private static let operatorsByPrecedence: [Set<String>] = [
        ["==", "!=", "<", "<=", ">", ">=", "in"], ["+", "-"], ["*", "/", "%"],
    ]

    private mutating func binary(level: Int) throws(CELError) -> CELNode {
        guard level < Self.operatorsByPrecedence.count else { return try unary() }
        var left = try binary(level: level + 1)
        while let name = nextOperator, Self.operatorsByPrecedence[level].contains(name) {
            let position = next.position
            advance()
            let right = try binary(level: level + 1)
            left = try node(
                .call(name == "in" ? "@in" : "_\(name)_", receiver: nil, arguments: [left, right]), at: position)
        }
        return left
    }

    private var nextOperator: String? {
        switch next.kind {
        case .symbol(let name): name
        case .identifier("in"): "in"
        default: nil
        }
    }

    private mutating func unary() throws(CELError) -> CELNode {
        let position = next.position
        for (symbol, name) in [("!", "!_"), ("-", "-_")] where isNext(symbol) {
            var count = 0
            while take(symbol) { count += 1 }
            if symbol == "-", case .intMagnitudeOverflow = next.kind {
                advance()
                guard count % 2 == 1 else { throw error("invalid int literal", at: position) }
                return try node(.literal(.int(.min)), at: position)
            }
            let operand = try member()
            if symbol == "-", count % 2 == 1 {
                switch operand.kind {
                case .literal(.int(let value)) where value > .min: return try node(.literal(.int(-value)), at: position)
                case .literal(.double(let value)): return try node(.literal(.double(-value)), at: position)
                default: break
                }
            }
            return count % 2 == 0 ? operand : try node(.call(name, receiver: nil, arguments: [operand]), at: position)
        }
        return try member()
    }

    mutating func arguments(until end: String) throws(CELError) -> [CELNode] {
        var arguments: [CELNode] = []
        while !isNext(end) {
            arguments.append(try expression())
            guard take(",") else { break }
        }
        try expect(end)
        return arguments
    }
}

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

    /// Prefixes of function names that are not variables.
    private static let namespaces: Set<String> = ["optional", "sets"]

    private func variable(_ node: CELNode) throws(CELError) -> String {
        guard case .identifier(let name) = node.kind else {
            throw error("argument must be a simple name", at: node.position)
        }
        return name
    }
}
