/// Evaluates the `when` condition of a step or task after substitution, such as `tails == heads`.
///
/// It supports comparisons of two texts or numbers, combined with `&&`, `||`, `!`, and parentheses.
struct WhenCondition {
    private static let operators = ["==", "!=", ">=", "<=", ">", "<"]
    private static let maximumLength = 10_000
    private static let maximumDepth = 50

    private var rest: Substring
    private var depth = 0

    /// Whether the condition is met; nil if it is invalid, too long, or nested too deeply.
    static func evaluate(_ text: String) -> Bool? {
        if text.trimmingBlanks.isEmpty { return true }
        guard text.utf8.count <= maximumLength else { return nil }
        var condition = WhenCondition(rest: Substring(text))
        guard let isMet = condition.readAlternatives() else { return nil }
        return condition.rest.allSatisfy(\.isWhitespace) ? isMet : nil
    }

    private mutating func readAlternatives() -> Bool? {
        guard var isMet = readConjunction() else { return nil }
        while consume("||") {
            guard let next = readConjunction() else { return nil }
            isMet = isMet || next
        }
        return isMet
    }

    private mutating func readConjunction() -> Bool? {
        guard var isMet = readPart() else { return nil }
        while consume("&&") {
            guard let next = readPart() else { return nil }
            isMet = isMet && next
        }
        return isMet
    }

    private mutating func readPart() -> Bool? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { return nil }
        if consume("!") { return readPart().map { !$0 } }
        if consume("(") {
            let inner = readAlternatives()
            return consume(")") ? inner : nil
        }
        guard let left = readOperand() else { return nil }
        guard let name = Self.operators.first(where: { consume($0) }) else {
            return left == "true" ? true : left == "false" ? false : nil
        }
        return readOperand().flatMap { Self.compare(left, name, $0) }
    }

    /// Reads quoted text, or everything up to the next operator, since substituted values may contain spaces.
    private mutating func readOperand() -> Substring? {
        let start = rest.drop { $0.isWhitespace }
        if let quote = start.first, quote == "'" || quote == "\"" {
            let text = start.dropFirst().prefix { $0 != quote }
            guard text.endIndex < start.endIndex else { return nil }
            rest = start[text.endIndex...].dropFirst()
            return text
        }
        let text = start.prefix { !"()=!<>&|'\"".contains($0) }
        rest = start[text.endIndex...]
        return text.isEmpty ? nil : text.trimmingBlanks
    }

    private mutating func consume(_ sign: String) -> Bool {
        let start = rest.drop { $0.isWhitespace }
        guard start.hasPrefix(sign) else { return false }
        rest = start.dropFirst(sign.count)
        return true
    }

    private static func compare(_ left: Substring, _ name: String, _ right: Substring) -> Bool? {
        switch name {
        case "==": return left == right
        case "!=": return left != right
        default: break
        }
        guard let left = Double(left), let right = Double(right) else { return nil }
        switch name {
        case ">=": return left >= right
        case "<=": return left <= right
        case ">": return left > right
        default: return left < right
        }
    }
}

/// The `depends` expression of a DAG task: `a.Succeeded && (b || c.Failed)`.
indirect enum DependsExpression: Sendable {
    /// The task ended with this result; nil means succeeded or skipped.
    case task(String, result: String?)
    case not(DependsExpression)
    case all([DependsExpression])
    case any([DependsExpression])

    /// Nil if the text is invalid or nested deeper than 50 levels.
    init?(_ text: String) {
        var tokens = Self.tokens(text)[...]
        guard let expression = Self.alternatives(&tokens, depth: 0), tokens.isEmpty else { return nil }
        self = expression
    }

    /// The names of the tasks in the expression, in order and without duplicates.
    var tasks: [String] {
        var names: [String] = []
        for name in allTasks where !names.contains(name) { names.append(name) }
        return names
    }

    private var allTasks: [String] {
        switch self {
        case .task(let name, _): [name]
        case .not(let part): part.allTasks
        case .all(let parts), .any(let parts): parts.flatMap(\.allTasks)
        }
    }

    func isMet(_ phase: (String) -> NodePhase?) -> Bool {
        switch self {
        case .not(let part): return !part.isMet(phase)
        case .all(let parts): return parts.allSatisfy { $0.isMet(phase) }
        case .any(let parts): return parts.contains { $0.isMet(phase) }
        case .task(let name, let result):
            switch (result, phase(name)) {
            case (nil, .succeeded), (nil, .skipped), ("Succeeded", .succeeded), ("Failed", .failed),
                ("Errored", .error),
                ("Skipped", .skipped), ("Omitted", .omitted):
                return true
            default: return false
            }
        }
    }

    private static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        var word = ""
        for character in text {
            if character.isLetter || character.isNumber || "-_.".contains(character) {
                word.append(character)
                continue
            }
            if !word.isEmpty { tokens.append(word) }
            word = ""
            if character == "&" || character == "|", tokens.last == String(character) {
                tokens[tokens.count - 1].append(character)
            } else if character != " " {
                tokens.append(String(character))
            }
        }
        return word.isEmpty ? tokens : tokens + [word]
    }

    private static func alternatives(_ tokens: inout ArraySlice<String>, depth: Int) -> DependsExpression? {
        guard depth < 50, var parts = conjunction(&tokens, depth: depth).map({ [$0] }) else { return nil }
        while tokens.first == "||" {
            tokens.removeFirst()
            guard let next = conjunction(&tokens, depth: depth) else { return nil }
            parts.append(next)
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private static func conjunction(_ tokens: inout ArraySlice<String>, depth: Int) -> DependsExpression? {
        guard var parts = operand(&tokens, depth: depth).map({ [$0] }) else { return nil }
        while tokens.first == "&&" {
            tokens.removeFirst()
            guard let next = operand(&tokens, depth: depth) else { return nil }
            parts.append(next)
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private static func operand(_ tokens: inout ArraySlice<String>, depth: Int) -> DependsExpression? {
        guard depth < 50, let token = tokens.popFirst() else { return nil }
        if token == "!" { return operand(&tokens, depth: depth + 1).map { .not($0) } }
        if token == "(" {
            let inner = alternatives(&tokens, depth: depth + 1)
            guard tokens.popFirst() == ")" else { return nil }
            return inner
        }
        guard let first = token.first, first.isLetter || first.isNumber || first == "_" else { return nil }
        guard let dot = token.lastIndex(of: ".") else { return .task(token, result: nil) }
        return .task(String(token[..<dot]), result: String(token[token.index(after: dot)...]))
    }
}
