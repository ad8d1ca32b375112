/// Reads the parts of one line.
struct LineScanner {
    private(set) var rest: Substring

    init(_ line: Substring) {
        rest = line
    }

    mutating func expect(_ character: Character) throws(ExpositionError) {
        guard rest.first == character else { throw ExpositionError(0, "\"\(character)\" is missing") }
        rest.removeFirst()
    }

    mutating func metricName() throws(ExpositionError) -> String { try name(allowing: ":") }

    /// `{a="b",c="d"}`, or nothing.
    mutating func labels() throws(ExpositionError) -> [String: String] {
        guard rest.first == "{" else { return [:] }
        rest.removeFirst()
        var labels: [String: String] = [:]
        while true {
            let name = try name(allowing: nil)
            guard !name.hasPrefix("__") else { throw ExpositionError(0, "the label \(name) is Prometheus' own") }
            try expect("=")
            guard labels.updateValue(try quoted(), forKey: name) == nil else {
                throw ExpositionError(0, "the label \(name) twice")
            }
            if rest.first == "}" { break }
            try expect(",")
        }
        rest.removeFirst()
        return labels
    }

    /// A number as Go writes it, up to the end of the line: no time stamp may follow.
    mutating func value() throws(ExpositionError) -> Double {
        let text = rest
        rest = ""
        switch text {
        case "+Inf": return .infinity
        case "-Inf": return -.infinity
        case "NaN": return .nan
        default:
            guard let first = text.first, first == "-" || first.isASCII && first.isNumber,
                text.allSatisfy({ "0123456789+-.e".contains($0) }), let value = Double(text)
            else { throw ExpositionError(0, "\"\(text)\" is no number") }
            return value
        }
    }

    /// Everything up to the end of the line, in which only `\\` and `\n` are escapes.
    mutating func escapedRest() throws(ExpositionError) -> String {
        var text = ""
        while !rest.isEmpty { text.append(try character(escapes: ["\\": "\\", "n": "\n"])) }
        return text
    }

    private mutating func quoted() throws(ExpositionError) -> String {
        try expect("\"")
        var text = ""
        while rest.first != "\"" { text.append(try character(escapes: ["\\": "\\", "n": "\n", "\"": "\""])) }
        rest.removeFirst()
        return text
    }

    private mutating func character(escapes: [Character: Character]) throws(ExpositionError) -> Character {
        guard let first = rest.popFirst() else { throw ExpositionError(0, "the line ends within a text") }
        guard first == "\\" else { return first }
        guard let second = rest.popFirst(), let meant = escapes[second] else {
            throw ExpositionError(0, "an escape that does not exist")
        }
        return meant
    }

    private mutating func name(allowing extra: Character?) throws(ExpositionError) -> String {
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == extra) }
        guard let first = name.first, !first.isNumber else { throw ExpositionError(0, "a name is missing") }
        rest = rest[name.endIndex...]
        return String(name)
    }
}
