/// What a PromQL query names: metrics, labels and label values. Whether it is PromQL at all is for promtool to say.
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
    /// The labels of `by`, `on` and the like.
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
