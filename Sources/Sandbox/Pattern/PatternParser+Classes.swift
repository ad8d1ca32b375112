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

    /// Reads the class after a backslash; nil, with nothing read, when there is none.
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

    /// The scalar that an escape stands for.
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
