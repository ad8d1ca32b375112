/// The metrics, labels and label values that a PromQL query names. promtool checks the syntax.
struct PromQuery: Hashable {
    struct Matcher: Hashable {
        let label: String
        let operation: String
        let value: String
    }

    struct Selector: Hashable {
        let metric: String
        var matchers: [Matcher] = []
    }

    private(set) var selectors: [Selector] = []
    /// The labels of `by`, `on` and similar keywords.
    private(set) var groupings: Set<String> = []

    private static let keywords: Set<String> = [
        "and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf",
        "nan",
    ]

    init(_ text: String) throws {
        var tokens = try PromToken.all(in: text)[...]
        while let token = tokens.popFirst() {
            guard case .word(let word) = token else { continue }
            if Self.keywords.contains(word) {
                if tokens.first == .symbol("("), word != "and", word != "or", word != "unless" {
                    groupings.formUnion(try Self.labels(&tokens))
                }
            } else if tokens.first != .symbol("("), !Self.isAggregation(tokens) {
                selectors.append(Selector(metric: word, matchers: try Self.matchers(&tokens)))
            }
        }
    }

    /// True before the `by (…)` of an aggregation that is written `sum by (…) (…)`.
    private static func isAggregation(_ tokens: ArraySlice<PromToken>) -> Bool {
        tokens.first == .word("by") || tokens.first == .word("without")
    }

    private static func labels(_ tokens: inout ArraySlice<PromToken>) throws -> Set<String> {
        var labels: Set<String> = []
        _ = tokens.popFirst()
        while let token = tokens.popFirst(), token != .symbol(")") {
            if case .word(let label) = token { labels.insert(label) }
        }
        return labels
    }

    private static func matchers(_ tokens: inout ArraySlice<PromToken>) throws -> [Matcher] {
        guard tokens.first == .symbol("{") else { return [] }
        _ = tokens.popFirst()
        var matchers: [Matcher] = []
        while let token = tokens.popFirst(), token != .symbol("}") {
            guard case .word(let label) = token else { continue }
            guard case .symbol(let operation) = tokens.popFirst(), case .text(let value) = tokens.popFirst() else {
                throw PromToken.Unreadable(description: "a matcher of \(label) has no value")
            }
            matchers.append(Matcher(label: label, operation: operation, value: value))
        }
        return matchers
    }
}

/// A token of a PromQL query.
enum PromToken: Hashable {
    case word(String)
    case text(String)
    /// A number or a duration.
    case number(String)
    case symbol(String)

    struct Unreadable: Error, CustomStringConvertible {
        let description: String
    }

    static func all(in query: String) throws -> [PromToken] {
        var rest = query[...]
        var tokens: [PromToken] = []
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else if first.isLetter || first == "_" {
                tokens.append(.word(take(&rest) { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }))
            } else if first.isNumber {
                tokens.append(.number(take(&rest) { $0.isNumber || $0.isLetter || $0 == "." }))
            } else if first == "\"" {
                rest.removeFirst()
                tokens.append(.text(take(&rest) { $0 != "\"" }))
                guard rest.popFirst() == "\"" else {
                    throw Unreadable(description: "a string is not terminated: \(query)")
                }
            } else if "=!<>~".contains(first) {
                tokens.append(.symbol(take(&rest) { "=!<>~".contains($0) }))
            } else {
                rest.removeFirst()
                tokens.append(.symbol(String(first)))
            }
        }
        return tokens
    }

    private static func take(_ rest: inout Substring, while isPart: (Character) -> Bool) -> String {
        let part = rest.prefix(while: isPart)
        rest = rest[part.endIndex...]
        return String(part)
    }
}
