/// A regular expression of Go's RE2 syntax that tells whether a text contains a match.
///
/// Matching takes time linear in the text, whatever the pattern: patterns come with the CRDs users load.
struct Pattern: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as it was written.
    let description: String
    private let program: PatternProgram

    /// Compiles the pattern; the error says what is wrong with it and where.
    init(_ text: String) throws(PatternError) {
        description = text
        var parser = try PatternParser(text)
        program = try PatternProgram(parser.parse())
    }

    func matches(_ text: String) -> Bool { program.matches(text) }

    static func == (left: Pattern, right: Pattern) -> Bool { left.description == right.description }
    func hash(into hasher: inout Hasher) { hasher.combine(description) }
}

/// Why a pattern does not compile.
struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
