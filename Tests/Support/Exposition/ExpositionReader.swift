/// Parses a page line by line and checks the order of the lines.
struct ExpositionReader {
    private var families: [Exposition.Family] = []
    /// The help of the family whose type must follow.
    private var announced: (name: String, help: String)?
    private var names: Set<String> = []
    private var series: Set<Series> = []

    private struct Series: Hashable {
        let name: String
        let labels: [String: String]
    }

    mutating func read(_ line: Substring) throws(ExpositionError) {
        if line.hasPrefix("# HELP ") {
            try readHelp(line.dropFirst("# HELP ".count))
        } else if line.hasPrefix("# TYPE ") {
            try readType(line.dropFirst("# TYPE ".count))
        } else if line.hasPrefix("#") || line.isEmpty {
            throw ExpositionError(0, "the line is neither help, type, nor a sample")
        } else {
            try readSample(line)
        }
    }

    mutating func finish() throws(ExpositionError) -> [Exposition.Family] {
        if let announced { throw ExpositionError(0, "\(announced.name) has a help but no type") }
        for family in families { try family.check() }
        return families
    }

    private mutating func readHelp(_ rest: Substring) throws(ExpositionError) {
        var scanner = LineScanner(rest)
        let name = try scanner.metricName()
        try scanner.expect(" ")
        guard announced == nil else { throw ExpositionError(0, "the type of the previous metric is missing") }
        guard names.insert(name).inserted else { throw ExpositionError(0, "the metric has a second help") }
        let help = try scanner.escapedRest()
        guard !help.isEmpty else { throw ExpositionError(0, "the help is empty") }
        announced = (name, help)
    }

    private mutating func readType(_ rest: Substring) throws(ExpositionError) {
        var scanner = LineScanner(rest)
        let name = try scanner.metricName()
        try scanner.expect(" ")
        guard let kind = Exposition.Kind(rawValue: String(scanner.rest)) else {
            throw ExpositionError(0, "the type is unknown")
        }
        guard let announced, announced.name == name else { throw ExpositionError(0, "the type has no help") }
        self.announced = nil
        families.append(Exposition.Family(name: name, kind: kind, help: announced.help, samples: []))
    }

    private mutating func readSample(_ line: Substring) throws(ExpositionError) {
        var scanner = LineScanner(line)
        let name = try scanner.metricName()
        let labels = try scanner.labels()
        try scanner.expect(" ")
        let value = try scanner.value()
        guard announced == nil, let last = families.indices.last, families[last].owns(name) else {
            throw ExpositionError(0, "the sample is outside the block of its metric")
        }
        guard series.insert(Series(name: name, labels: labels)).inserted else {
            throw ExpositionError(0, "duplicate series")
        }
        families[last].samples.append(Exposition.Sample(name: name, labels: labels, value: value))
    }
}

/// Parses the parts of one line.
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

    /// Parses `{a="b",c="d"}`, or nothing.
    mutating func labels() throws(ExpositionError) -> [String: String] {
        guard rest.first == "{" else { return [:] }
        rest.removeFirst()
        var labels: [String: String] = [:]
        while true {
            let name = try name(allowing: nil)
            guard !name.hasPrefix("__") else { throw ExpositionError(0, "the label \(name) is reserved") }
            try expect("=")
            guard labels.updateValue(try quoted(), forKey: name) == nil else {
                throw ExpositionError(0, "duplicate label \(name)")
            }
            if rest.first == "}" { break }
            try expect(",")
        }
        rest.removeFirst()
        return labels
    }

    /// Parses a number in Go's notation; no timestamp may follow.
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
            else { throw ExpositionError(0, "\"\(text)\" is not a number") }
            return value
        }
    }

    /// Parses the rest of the line, in which only `\\` and `\n` are escapes.
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
        guard let first = rest.popFirst() else { throw ExpositionError(0, "unterminated text") }
        guard first == "\\" else { return first }
        guard let second = rest.popFirst(), let meant = escapes[second] else {
            throw ExpositionError(0, "unknown escape")
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
