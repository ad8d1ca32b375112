import CEL
package import KubeClient

/// A path in the JSONPath dialect of printer columns and kubectl: `.status.conditions[?(@.type=="Ready")].status`.
package struct JSONPath: Hashable, Sendable, CustomStringConvertible {
    enum Step: Hashable, Sendable {
        case field(String)
        /// Negative indexes count from the end.
        case index(Int)
        case wildcard
        /// Elements that satisfy the filter.
        case filter(JSONPathFilter)
    }

    let steps: [Step]
    /// The source of the path.
    package let description: String

    /// Parses a path, with or without braces and a leading `$`. Returns nil if it is not valid.
    package init?(_ text: String) {
        var parser = JSONPathParser(text)
        guard let steps = parser.parse() else { return nil }
        self.steps = steps
        description = text
    }

    /// The field names along the path; nil if it has steps of another kind.
    var fieldNames: [String]? {
        var names: [String] = []
        for step in steps {
            guard case .field(let name) = step else { return nil }
            names.append(name)
        }
        return names
    }

    /// The values at the path, in document order; empty if the path does not exist.
    package func values(in object: JSONValue) -> [JSONValue] {
        var current = [object]
        for step in steps { current = current.flatMap { Self.values(of: $0, step) } }
        return current
    }

    private static func values(of value: JSONValue, _ step: Step) -> [JSONValue] {
        switch (step, value) {
        case (.field(let name), .object(let object)): object[name].map { [$0] } ?? []
        case (.index(let index), .array(let elements)):
            value[index < 0 ? elements.count + index : index].map { [$0] } ?? []
        case (.wildcard, .array(let elements)): elements
        case (.wildcard, .object(let object)): object.map(\.value)
        case (.filter(let filter), .array(let elements)): elements.filter { filter.holds(for: $0) }
        case (.filter(let filter), .object): filter.holds(for: value) ? [value] : []
        default: []
        }
    }
}

/// A filter on elements: `@.type=="Ready"`, or `@.name` for elements that have the field.
struct JSONPathFilter: Hashable, Sendable {
    enum Comparison: String, Hashable, Sendable, CaseIterable {
        // Longer operators come first, because the parser takes the first match.
        case equal = "=="
        case notEqual = "!="
        case atMost = "<="
        case atLeast = ">="
        case less = "<"
        case greater = ">"
    }

    let path: [String]
    /// The comparison; nil if the filter only requires the field to exist.
    let test: Test?

    struct Test: Hashable, Sendable {
        let comparison: Comparison
        let literal: JSONValue
    }

    func holds(for element: JSONValue) -> Bool {
        guard let value = element[path: path] else { return false }
        guard let test else { return true }
        switch test.comparison {
        case .equal: return value.isEqualJSON(to: test.literal)
        case .notEqual: return !value.isEqualJSON(to: test.literal)
        case .less: return Self.isOrdered(value, test.literal) { $0 < 0 }
        case .greater: return Self.isOrdered(value, test.literal) { $0 > 0 }
        case .atMost: return Self.isOrdered(value, test.literal) { $0 <= 0 }
        case .atLeast: return Self.isOrdered(value, test.literal) { $0 >= 0 }
        }
    }

    private static func isOrdered(_ left: JSONValue, _ right: JSONValue, _ accepts: (Int) -> Bool) -> Bool {
        if let left = left.doubleValue, let right = right.doubleValue {
            return accepts(left < right ? -1 : left > right ? 1 : 0)
        }
        if let left = left.stringValue, let right = right.stringValue {
            return accepts(left < right ? -1 : left > right ? 1 : 0)
        }
        return false
    }
}

/// Parses a path.
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

    private mutating func skipSpaces() {
        while rest.first == " " { rest.removeFirst() }
    }

    /// Reads a field name up to the next step. A backslash escapes the next character.
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
        skipSpaces()
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
        skipSpaces()
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
        skipSpaces()
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
        skipSpaces()
        if take(")") { return JSONPathFilter(path: path, test: nil) }
        guard let comparison = JSONPathFilter.Comparison.allCases.first(where: { take($0.rawValue) }) else {
            return nil
        }
        skipSpaces()
        guard let literal = literal() else { return nil }
        skipSpaces()
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
