/// Reads a page line by line and holds the order of the lines to the rules.
struct ExpositionReader {
    private var families: [Exposition.Family] = []
    /// The help of the family whose type comes next.
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
            throw ExpositionError(0, "neither help, type nor sample")
        } else {
            try readSample(line)
        }
    }

    mutating func finish() throws(ExpositionError) -> [Exposition.Family] {
        if let announced { throw ExpositionError(0, "\(announced.name) has a help and no type") }
        for family in families { try family.check() }
        return families
    }

    private mutating func readHelp(_ rest: Substring) throws(ExpositionError) {
        var scanner = LineScanner(rest)
        let name = try scanner.metricName()
        try scanner.expect(" ")
        guard announced == nil else { throw ExpositionError(0, "the type of the metric before is missing") }
        guard names.insert(name).inserted else { throw ExpositionError(0, "a second help of this name") }
        let help = try scanner.escapedRest()
        guard !help.isEmpty else { throw ExpositionError(0, "an empty help") }
        announced = (name, help)
    }

    private mutating func readType(_ rest: Substring) throws(ExpositionError) {
        var scanner = LineScanner(rest)
        let name = try scanner.metricName()
        try scanner.expect(" ")
        guard let kind = Exposition.Kind(rawValue: String(scanner.rest)) else {
            throw ExpositionError(0, "an unknown type")
        }
        guard let announced, announced.name == name else { throw ExpositionError(0, "a type without its help") }
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
            throw ExpositionError(0, "a sample outside the block of its metric")
        }
        guard series.insert(Series(name: name, labels: labels)).inserted else {
            throw ExpositionError(0, "the same series twice")
        }
        families[last].samples.append(Exposition.Sample(name: name, labels: labels, value: value))
    }
}
