/// The condition under which a DAG task runs: `a.Succeeded && (b || c.Failed)`.
indirect enum DependsExpression: Sendable {
    /// The task came to this; nil for what counts as success: succeeded or skipped.
    case task(String, result: String?)
    case not(DependsExpression)
    case all([DependsExpression])
    case any([DependsExpression])

    /// Nil when the text is no such expression, or nested deeper than 50 parentheses.
    init?(_ text: String) {
        var tokens = Self.tokens(text)[...]
        guard let expression = Self.alternatives(&tokens, depth: 0), tokens.isEmpty else { return nil }
        self = expression
    }

    /// The names of all tasks in it, in the order in which they stand there.
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
