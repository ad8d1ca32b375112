/// The condition of a step or task, such as `{{steps.flip.outputs.result}} == heads`, with all variables filled in.
///
/// It knows comparisons of two texts or numbers, joined with `&&` and `||`; no parentheses.
enum WhenCondition {
    private static let operators = ["==", "!=", ">=", "<=", ">", "<"]

    /// Whether the condition is met; nil when it cannot be read.
    static func evaluate(_ text: String) -> Bool? {
        if text.trimmingBlanks.isEmpty { return true }
        var isMet = false
        for alternative in split(text, "||") {
            var isAlternativeMet = true
            for comparison in split(alternative, "&&") {
                guard let result = compare(comparison.trimmingBlanks) else { return nil }
                if !result { isAlternativeMet = false }
            }
            if isAlternativeMet { isMet = true }
        }
        return isMet
    }

    private static func split(_ text: some StringProtocol, _ separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = Substring(text)
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }

    private static func compare(_ text: Substring) -> Bool? {
        if text == "true" { return true }
        if text == "false" { return false }
        for name in operators {
            guard let range = text.firstRange(of: name) else { continue }
            let left = operand(text[..<range.lowerBound])
            let right = operand(text[range.upperBound...])
            switch name {
            case "==": return left == right
            case "!=": return left != right
            default:
                guard let a = Double(left), let b = Double(right) else { return nil }
                return name == ">=" ? a >= b : name == "<=" ? a <= b : name == ">" ? a > b : a < b
            }
        }
        return nil
    }

    private static func operand(_ text: Substring) -> Substring {
        let text = text.trimmingBlanks
        for quote in ["\"", "'"] where text.utf8.count >= 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            return text.dropFirst().dropLast()
        }
        return text
    }
}
