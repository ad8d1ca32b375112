/// A label selector: `a=b,c!=d,e in (f,g),!h`.
struct LabelSelector: Hashable, Sendable {
    enum Requirement: Hashable, Sendable {
        case isIn(key: String, values: Set<String>)
        /// Also true if the label is absent.
        case isNotIn(key: String, values: Set<String>)
        case exists(key: String)
        case isAbsent(key: String)
    }

    let requirements: [Requirement]

    /// Selects everything.
    static let everything = LabelSelector(requirements: [])

    var isEverything: Bool { requirements.isEmpty }

    func matches(_ labels: [ObjectLabel]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .isIn(let key, let values): labels.value(of: key).map(values.contains) ?? false
            case .isNotIn(let key, let values): labels.value(of: key).map { !values.contains($0) } ?? true
            case .exists(let key): labels.value(of: key) != nil
            case .isAbsent(let key): labels.value(of: key) == nil
            }
        }
    }
}

extension [ObjectLabel] {
    fileprivate func value(of key: String) -> String? {
        first { $0.key == key }?.value
    }
}

extension LabelSelector {
    /// Parses a selector; an empty text selects everything.
    init(parsing text: String) throws(StatusError) {
        var parser = LabelSelectorParser(text)
        requirements = try parser.requirements()
    }
}

/// Parses the requirements of a label selector.
private struct LabelSelectorParser {
    private enum Token: Hashable {
        case word(String)
        case comma, open, close, not, equal, unequal, end
    }

    private let text: String
    private var rest: Substring
    private var token = Token.end

    init(_ text: String) {
        self.text = text
        rest = Substring(text)
        advance()
    }

    mutating func requirements() throws(StatusError) -> [LabelSelector.Requirement] {
        var result: [LabelSelector.Requirement] = []
        guard token != .end else { return result }
        while true {
            result.append(try requirement())
            switch token {
            case .end: return result
            case .comma: advance()
            default: throw parseError("found '\(name(of: token))', expected: ',' or 'end of string'")
            }
        }
    }

    private mutating func requirement() throws(StatusError) -> LabelSelector.Requirement {
        if token == .not {
            advance()
            return .isAbsent(key: try key())
        }
        let key = try key()
        switch token {
        case .end, .comma: return .exists(key: key)
        case .equal:
            advance()
            return .isIn(key: key, values: [try value()])
        case .unequal:
            advance()
            return .isNotIn(key: key, values: [try value()])
        case .word("in"):
            advance()
            return .isIn(key: key, values: try values())
        case .word("notin"):
            advance()
            return .isNotIn(key: key, values: try values())
        default: throw parseError("found '\(name(of: token))', expected: in, notin, =, ==, !=")
        }
    }

    private mutating func key() throws(StatusError) -> String {
        guard case .word(let key) = token else {
            throw parseError("found '\(name(of: token))', expected: !, identifier, or 'end of string'")
        }
        guard NameRules.isQualifiedName(key) else {
            throw parseError("key: Invalid value: \"\(key)\": \(NameRules.qualifiedNameRule)")
        }
        advance()
        return key
    }

    /// A value; absent means empty.
    private mutating func value() throws(StatusError) -> String {
        guard case .word(let value) = token else { return "" }
        guard NameRules.isLabelValue(value) else {
            throw parseError("values[0]: Invalid value: \"\(value)\": \(NameRules.labelValueRule)")
        }
        advance()
        return value
    }

    private mutating func values() throws(StatusError) -> Set<String> {
        guard token == .open else { throw parseError("found '\(name(of: token))', expected: '('") }
        advance()
        var values: Set<String> = []
        while true {
            values.insert(try value())
            switch token {
            case .comma: advance()
            case .close:
                advance()
                return values
            default: throw parseError("found '\(name(of: token))', expected: ',' or ')'")
            }
        }
    }

    private func parseError(_ why: String) -> StatusError {
        .badRequest("unable to parse requirement in \"\(text)\": \(why)")
    }

    private func name(of token: Token) -> String {
        switch token {
        case .word(let word): word
        case .comma: ","
        case .open: "("
        case .close: ")"
        case .not: "!"
        case .equal: "="
        case .unequal: "!="
        case .end: ""
        }
    }

    private mutating func advance() {
        rest = rest.drop { $0 == " " || $0 == "\t" }
        guard let first = rest.first else {
            token = .end
            return
        }
        switch first {
        case ",": take(1, .comma)
        case "(": take(1, .open)
        case ")": take(1, .close)
        case "=": take(rest.hasPrefix("==") ? 2 : 1, .equal)
        case "!": rest.hasPrefix("!=") ? take(2, .unequal) : take(1, .not)
        default:
            let word = rest.prefix { !" \t,()=!".contains($0) }
            rest = rest[word.endIndex...]
            token = .word(String(word))
        }
    }

    private mutating func take(_ count: Int, _ token: Token) {
        rest = rest.dropFirst(count)
        self.token = token
    }
}

/// A field selector: `metadata.name=a,status.phase!=Running`.
struct FieldSelector: Hashable, Sendable {
    struct Requirement: Hashable, Sendable {
        /// The path of the field in the stored form.
        let field: String
        let value: String
        /// False for `!=`.
        let mustEqual: Bool
    }

    let requirements: [Requirement]

    static let everything = FieldSelector(requirements: [])

    var isEverything: Bool { requirements.isEmpty }

    func matches(_ record: ObjectRecord) -> Bool {
        requirements.allSatisfy { requirement in
            let value =
                switch requirement.field {
                case "metadata.name": record.name
                case "metadata.namespace": record.namespace
                default: record.fields[requirement.field] ?? ""
                }
            return (value == requirement.value) == requirement.mustEqual
        }
    }
}

extension FieldSelector {
    /// Parses a selector; an empty text selects everything. Fields that the resource does not support are rejected.
    init(parsing text: String, for served: ServedResource) throws(StatusError) {
        var requirements: [Requirement] = []
        for term in Self.terms(of: text) {
            let requirement = try Self.requirement(term, of: text)
            guard let field = served.storedField(requirement.field) else {
                // kubectl appends the objects that it was looking for.
                throw .badRequest(
                    served.isCustom || !served.selectableFields.isEmpty
                        ? "field label not supported: \(requirement.field)"
                        : """
                        "\(requirement.field)" is not a known field selector: only "metadata.name", \
                        "metadata.namespace"
                        """)
            }
            requirements.append(
                Requirement(field: field, value: requirement.value, mustEqual: requirement.mustEqual))
        }
        self.requirements = requirements
    }

    /// Splits at unescaped commas.
    private static func terms(of text: String) -> [String] {
        var terms: [String] = []
        var term = ""
        var isEscaped = false
        for character in text {
            if character == ",", !isEscaped {
                terms.append(term)
                term = ""
            } else {
                term.append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        terms.append(term)
        return terms.filter { !$0.isEmpty }
    }

    private static func requirement(_ term: String, of text: String) throws(StatusError) -> Requirement {
        guard let sign = term.firstIndex(where: { $0 == "=" || $0 == "!" }) else {
            throw .badRequest("invalid selector: '\(text)'; can't understand '\(term)'")
        }
        let field = String(term[..<sign])
        let tail = term[sign...]
        for (symbol, mustEqual) in [("!=", false), ("==", true), ("=", true)] where tail.hasPrefix(symbol) {
            let value = unescape(tail.dropFirst(symbol.count))
            return Requirement(field: field, value: value, mustEqual: mustEqual)
        }
        throw .badRequest("invalid selector: '\(text)'; can't understand '\(term)'")
    }

    private static func unescape(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}
