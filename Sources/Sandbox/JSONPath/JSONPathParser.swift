import KubeClient

/// Reads the text of a path.
struct JSONPathParser {
    private static let maximumSteps = 100

    private var rest: Substring.UnicodeScalarView

    init(_ text: String) {
        rest = Substring(text).unicodeScalars
        if rest.first == "{", rest.last == "}" { rest = rest.dropFirst().dropLast() }
        if rest.first == "$" { rest = rest.dropFirst() }
    }

    mutating func parse() -> [JSONPath.Step]? {
        var steps: [JSONPath.Step] = []
        while let scalar = rest.first {
            guard steps.count < Self.maximumSteps else { return nil }
            if scalar == "[" {
                rest.removeFirst()
                guard let step = bracket() else { return nil }
                steps.append(step)
            } else {
                if take(".") {
                    if rest.isEmpty { return steps.isEmpty ? [] : nil }
                } else if !steps.isEmpty {
                    return nil
                }
                if rest.first == "[" { continue }
                guard let name = name() else { return nil }
                steps.append(name == "*" ? .wildcard : .field(name))
            }
        }
        return steps
    }

    private mutating func take(_ text: String) -> Bool {
        guard rest.starts(with: text.unicodeScalars) else { return false }
        rest = rest.dropFirst(text.unicodeScalars.count)
        return true
    }

    private mutating func skipBlanks() {
        while rest.first == " " { rest.removeFirst() }
    }

    /// A field name up to the next step; a backslash takes the character behind it as it is.
    private mutating func name() -> String? {
        var name = String.UnicodeScalarView()
        while let scalar = rest.first, !".[]()=!<> ".unicodeScalars.contains(scalar) {
            rest.removeFirst()
            if scalar != "\\" {
                name.append(scalar)
            } else if let escaped = rest.popFirst() {
                name.append(escaped)
            }
        }
        return name.isEmpty ? nil : String(name)
    }

    private mutating func bracket() -> JSONPath.Step? {
        skipBlanks()
        var step: JSONPath.Step?
        if take("?(") {
            step = filter().map(JSONPath.Step.filter)
        } else if take("*") {
            step = .wildcard
        } else if let name = quoted() {
            step = .field(name)
        } else {
            let digits = rest.prefix { $0 == "-" || ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            step = Int(String(Substring(digits))).map(JSONPath.Step.index)
        }
        skipBlanks()
        return take("]") ? step : nil
    }

    private mutating func quoted() -> String? {
        guard let quote = rest.first, quote == "'" || quote == "\"" else { return nil }
        rest.removeFirst()
        var text = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            if scalar == quote { return String(text) }
            if scalar == "\\", let escaped = rest.popFirst() { text.append(escaped) } else { text.append(scalar) }
        }
        return nil
    }

    private mutating func filter() -> JSONPathFilter? {
        skipBlanks()
        guard take("@") else { return nil }
        var path: [String] = []
        while true {
            if take(".") {
                guard let name = name() else { return nil }
                path.append(name)
            } else if rest.starts(with: "['".unicodeScalars) {
                rest.removeFirst()
                guard let name = quoted(), take("]") else { return nil }
                path.append(name)
            } else {
                break
            }
        }
        skipBlanks()
        if take(")") { return JSONPathFilter(path: path, test: nil) }
        guard let comparison = JSONPathFilter.Comparison.allCases.first(where: { take($0.rawValue) }) else {
            return nil
        }
        skipBlanks()
        guard let literal = literal() else { return nil }
        skipBlanks()
        guard take(")") else { return nil }
        return JSONPathFilter(path: path, test: JSONPathFilter.Test(comparison: comparison, literal: literal))
    }

    private mutating func literal() -> JSONValue? {
        if let text = quoted() { return .string(text) }
        let word = rest.prefix { $0 != ")" && $0 != " " }
        rest = rest.dropFirst(word.count)
        return try? JSONValue(parsing: String(Substring(word)))
    }
}
