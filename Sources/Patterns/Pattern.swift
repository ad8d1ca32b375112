/// A regular expression in Go's RE2 syntax, for testing whether a text contains a match.
///
/// Matching takes time linear in the text for every pattern, because patterns come from objects that users write.
package struct Pattern: Sendable, Hashable, CustomStringConvertible {
    /// The source of the pattern.
    package let description: String
    private let program: PatternProgram

    /// Compiles the pattern. The error says what is wrong and where.
    ///
    /// - Parameter limit: the maximum number of instructions. Each character of a text takes at most as many steps.
    package init(_ text: String, sizeLimit limit: Int = 20_000) throws(PatternError) {
        description = text
        var parser = try PatternParser(text)
        program = try PatternProgram(parser.parse(), sizeLimit: limit)
    }

    /// Returns true if the text contains a match.
    package func matches(_ text: String) -> Bool { program.matches(text) }

    package static func == (left: Pattern, right: Pattern) -> Bool { left.description == right.description }
    package func hash(into hasher: inout Hasher) { hasher.combine(description) }
}

/// Why a pattern does not compile.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// The syntax tree of a pattern. Groups and greediness are dropped: they do not change whether there is a match.
indirect enum PatternNode {
    case empty
    case scalar(ScalarSet)
    case assertion(PatternAssertion)
    case sequence([PatternNode])
    case choice([PatternNode])
    case repetition(PatternNode, atLeast: Int, atMost: Int?)
}

enum PatternAssertion: Sendable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary

    func holds(between previous: Unicode.Scalar?, and next: Unicode.Scalar?) -> Bool {
        switch self {
        case .textStart: previous == nil
        case .textEnd: next == nil
        case .lineStart: previous == nil || previous == "\n"
        case .lineEnd: next == nil || next == "\n"
        case .wordBoundary: Self.isWord(previous) != Self.isWord(next)
        case .notWordBoundary: Self.isWord(previous) == Self.isWord(next)
        }
    }

    private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map { ScalarSet.word.contains($0) } ?? false
    }
}
