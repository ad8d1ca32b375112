/// The condition of a step or task, such as `{{steps.flip.outputs.result}} == heads`, with all variables filled in.
///
/// It knows comparisons of two texts or numbers, joined with `&&`, `||`, `!` and parentheses.
struct WhenCondition {
    private static let operators = ["==", "!=", ">=", "<=", ">", "<"]
    private static let longest = 10_000
    private static let deepest = 50

    private var rest: Substring
    private var depth = 0

    /// Whether the condition is met; nil when it cannot be read, or is nested too deep.
    static func evaluate(_ text: String) -> Bool? {
        if text.trimmingBlanks.isEmpty { return true }
        guard text.utf8.count <= longest else { return nil }
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
        guard depth <= Self.deepest else { return nil }
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

    /// A text in quotes, or all up to the next sign; values that were filled in may have blanks in them.
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
