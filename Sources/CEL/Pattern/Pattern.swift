/// A regular expression of Go's RE2 syntax that tells whether a text contains a match.
///
/// Matching takes time linear in the text, whatever the pattern: patterns come with the CRDs users load.
package struct Pattern: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as it was written.
    package let description: String
    private let program: PatternProgram

    /// Compiles the pattern; the error says what is wrong with it and where.
    package init(_ text: String) throws(PatternError) {
        description = text
        var parser = try PatternParser(text)
        program = try PatternProgram(parser.parse())
    }

    package func matches(_ text: String) -> Bool { program.matches(text) }

    package static func == (left: Pattern, right: Pattern) -> Bool { left.description == right.description }
    package func hash(into hasher: inout Hasher) { hasher.combine(description) }
}

/// Why a pattern does not compile.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// What a pattern means; groups and greediness do not matter to a yes or no.
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
