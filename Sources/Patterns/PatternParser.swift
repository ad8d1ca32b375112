/// Parses Go's regular expression syntax.
struct PatternParser {
    private static let maximumLength = 10_000
    private static let maximumDepth = 100
    /// Go's limit for a counted repetition.
    private static let maximumCount = 1000

    struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotMatchesNewline = false
    }

    let scalars: [Unicode.Scalar]
    var position = 0
    private(set) var flags = Flags()
    private var depth = 0

    init(_ text: String) throws(PatternError) {
        scalars = Array(text.unicodeScalars)
        guard scalars.count <= Self.maximumLength else {
            throw PatternError("longer than \(Self.maximumLength) characters")
        }
    }

    mutating func parse() throws(PatternError) -> PatternNode {
        let node = try choice()
        guard next == nil else { throw PatternError("unexpected )") }
        return node
    }

    var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    mutating func take(_ expected: Unicode.Scalar) -> Bool {
        guard next == expected else { return false }
        position += 1
        return true
    }

    mutating func take(_ text: String) -> Bool {
        guard scalars[position...].starts(with: text.unicodeScalars) else { return false }
        position += text.unicodeScalars.count
        return true
    }

    /// Consumes the text up to and including `end`, and returns it without `end`.
    mutating func take(upTo end: String, of what: String) throws(PatternError) -> String {
        let start = position
        while position < scalars.count {
            let stop = position
            if take(end) { return String(String.UnicodeScalarView(scalars[start..<stop])) }
            position += 1
        }
        throw PatternError("missing \(end) of \(what)")
    }

    // MARK: Structure

    private mutating func choice() throws(PatternError) -> PatternNode {
        var branches = [try sequence()]
        while take("|" as Unicode.Scalar) { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            if take("\\Q") {
                let literal = (try? take(upTo: "\\E", of: "\\Q")) ?? ""
                nodes += literal.unicodeScalars.map { self.literal($0) }
                continue
            }
            let node = try atom()
            nodes.append(try repeated(node))
        }
        return nodes.count == 1 ? nodes[0] : nodes.isEmpty ? .empty : .sequence(nodes)
    }

    private mutating func repeated(_ node: PatternNode) throws(PatternError) -> PatternNode {
        guard let bounds = try repetition() else { return node }
        _ = take("?" as Unicode.Scalar)
        let after = position
        guard try repetition() == nil else {
            throw PatternError("invalid nested repetition operator at character \(after + 1)")
        }
        return .repetition(node, atLeast: bounds.atLeast, atMost: bounds.atMost)
    }

    private struct Bounds { let atLeast: Int, atMost: Int? }

    private mutating func repetition() throws(PatternError) -> Bounds? {
        if take("*" as Unicode.Scalar) { return Bounds(atLeast: 0, atMost: nil) }
        if take("+" as Unicode.Scalar) { return Bounds(atLeast: 1, atMost: nil) }
        if take("?" as Unicode.Scalar) { return Bounds(atLeast: 0, atMost: 1) }
        let start = position
        guard take("{" as Unicode.Scalar), let atLeast = count() else {
            // A brace that does not start a repetition is a literal.
            position = start
            return nil
        }
        var atMost: Int? = atLeast
        if take("," as Unicode.Scalar) { atMost = count() }
        guard take("}" as Unicode.Scalar) else {
            position = start
            return nil
        }
        guard atLeast <= Self.maximumCount, atMost ?? 0 <= Self.maximumCount, atMost ?? atLeast >= atLeast else {
            throw PatternError("invalid repeat count \(String(String.UnicodeScalarView(scalars[start..<position])))")
        }
        return Bounds(atLeast: atLeast, atMost: atMost)
    }

    private mutating func count() -> Int? {
        var value: Int?
        while let scalar = next, ScalarSet.digit.contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value - 48), 1_000_000)
            position += 1
        }
        return value
    }

    // MARK: Atoms

    private func literal(_ scalar: Unicode.Scalar) -> PatternNode { set(ScalarSet(scalar...scalar)) }

    private func set(_ set: ScalarSet) -> PatternNode { .scalar(flags.ignoresCase ? set.caseInsensitive : set) }

    private mutating func atom() throws(PatternError) -> PatternNode {
        guard let scalar = next else { return .empty }
        position += 1
        switch scalar {
        case "(": return try group()
        case "[": return set(try bracket())
        case ".": return .scalar(flags.dotMatchesNewline ? .any : .notNewline)
        case "^": return .assertion(flags.isMultiline ? .lineStart : .textStart)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
        case "*", "+", "?": throw PatternError("missing argument to repetition operator: \(scalar)")
        case "\\":
            if take("A") { return .assertion(.textStart) }
            if take("z") { return .assertion(.textEnd) }
            if take("b") { return .assertion(.wordBoundary) }
            if take("B") { return .assertion(.notWordBoundary) }
            if let set = try characterClass() { return self.set(set) }
            return literal(try escaped())
        default: return literal(scalar)
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else { throw PatternError("nested deeper than \(Self.maximumDepth) groups") }
        let outside = flags
        if take("?" as Unicode.Scalar) {
            if take("P<") || take("<") {
                _ = try take(upTo: ">", of: "group name")
            } else if try !readFlags() {
                return .empty
            }
        }
        let node = try choice()
        guard take(")" as Unicode.Scalar) else { throw PatternError("missing closing )") }
        flags = outside
        return node
    }

    /// Reads `i-s:` or `i)`. Returns true if the content of a group follows.
    private mutating func readFlags() throws(PatternError) -> Bool {
        var isSet = true
        while let scalar = next {
            position += 1
            switch scalar {
            case "i": flags.ignoresCase = isSet
            case "m": flags.isMultiline = isSet
            case "s": flags.dotMatchesNewline = isSet
            case "U": break
            case "-": isSet = false
            case ":": return true
            case ")": return false
            default: throw PatternError("invalid or unsupported Perl syntax: (?\(scalar)")
            }
        }
        throw PatternError("missing closing )")
    }
}

/// Character classes and escapes.
extension PatternParser {
    mutating func bracket() throws(PatternError) -> ScalarSet {
        let isInverted = take("^" as Unicode.Scalar)
        var set = ScalarSet([])
        var isFirst = true
        while isFirst || next != "]" {
            guard next != nil else { throw PatternError("missing closing ]") }
            isFirst = false
            if take("[:") {
                let isInverted = take("^" as Unicode.Scalar)
                let name = try take(upTo: ":]", of: "character class")
                guard let named = ScalarSet.posix(name) else {
                    throw PatternError("invalid character class: [:\(name):]")
                }
                set = set.union(isInverted ? named.inverted : named)
                continue
            }
            let start = position
            if take("\\" as Unicode.Scalar), let named = try characterClass() {
                set = set.union(named)
                continue
            }
            position = start
            set = set.union(try bracketRange())
        }
        position += 1
        if flags.ignoresCase { set = set.caseInsensitive }
        return isInverted ? set.inverted : set
    }

    private mutating func bracketRange() throws(PatternError) -> ScalarSet {
        let first = try bracketScalar()
        guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
            return ScalarSet(first...first)
        }
        position += 1
        let last = try bracketScalar()
        guard first <= last else { throw PatternError("invalid character class range: \(first)-\(last)") }
        return ScalarSet(first...last)
    }

    private mutating func bracketScalar() throws(PatternError) -> Unicode.Scalar {
        guard let scalar = next else { throw PatternError("missing closing ]") }
        position += 1
        return scalar == "\\" ? try escaped() : scalar
    }

    /// Reads the class after a backslash. Returns nil and reads nothing if no class follows.
    mutating func characterClass() throws(PatternError) -> ScalarSet? {
        let letter = next
        position += 1
        switch letter {
        case "d": return .digit
        case "D": return .digit.inverted
        case "w": return .word
        case "W": return .word.inverted
        case "s": return .space
        case "S": return .space.inverted
        case "p", "P":
            let name = take("{" as Unicode.Scalar) ? try take(upTo: "}", of: "\\p") : try escapedLetter()
            let isInverted = (letter == "P") != name.hasPrefix("^")
            guard let set = ScalarSet.category(name.hasPrefix("^") ? String(name.dropFirst()) : name) else {
                throw PatternError("unsupported character class: \\p{\(name)}, only general categories are known")
            }
            return isInverted ? set.inverted : set
        default:
            position -= 1
            return nil
        }
    }

    private mutating func escapedLetter() throws(PatternError) -> String {
        guard let scalar = next else { throw PatternError("trailing backslash at end of expression") }
        position += 1
        return String(Character(scalar))
    }

    /// The scalar that an escape sequence stands for.
    mutating func escaped() throws(PatternError) -> Unicode.Scalar {
        guard let scalar = next else { throw PatternError("trailing backslash at end of expression") }
        position += 1
        switch scalar {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "f": return "\u{0C}"
        case "v": return "\u{0B}"
        case "a": return "\u{07}"
        case "x":
            let isBraced = take("{" as Unicode.Scalar)
            let start = position
            let limit = isBraced ? 8 : 2
            while let digit = next, digit.properties.isASCIIHexDigit, position - start < limit { position += 1 }
            let digits = String(String.UnicodeScalarView(scalars[start..<position]))
            guard isBraced ? take("}" as Unicode.Scalar) : digits.utf8.count == 2,
                let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value)
            else { throw PatternError("invalid escape sequence: \\x\(digits)") }
            return scalar
        default:
            guard scalar.isASCII, !ScalarSet.word.contains(scalar) || scalar == "_" else {
                throw PatternError("invalid escape sequence: \\\(scalar)")
            }
            return scalar
        }
    }
}
