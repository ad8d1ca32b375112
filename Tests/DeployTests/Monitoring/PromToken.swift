/// A part of a PromQL query.
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
                guard rest.popFirst() == "\"" else { throw Unreadable(description: "a text has no end: \(query)") }
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
