/// Reads an expression by the grammar of the Common Expression Language.
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

    /// The last token is the end, which is never consumed.
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
            throw error("expression is nested deeper than \(Self.maximumDepth) levels", at: position)
        }
        return node
    }

    // MARK: Operators

    mutating func expression() throws(CELError) -> CELNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw error("expression is nested deeper than \(Self.maximumDepth) levels", at: next.position)
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

    /// Operators from the loosest to the tightest; all lean to the left.
    private static let levels: [Set<String>] = [
        ["==", "!=", "<", "<=", ">", ">=", "in"], ["+", "-"], ["*", "/", "%"],
    ]

    private mutating func binary(level: Int) throws(CELError) -> CELNode {
        guard level < Self.levels.count else { return try unary() }
        var left = try binary(level: level + 1)
        while let name = nextOperator, Self.levels[level].contains(name) {
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
            if symbol == "-", case .literal(.int(let value)) = operand.kind, value > .min, count % 2 == 1 {
                return try node(.literal(.int(-value)), at: position)
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
