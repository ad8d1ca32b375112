extension LabelSelector {
    /// Reads a selector; an empty text selects everything.
    init(parsing text: String) throws(StatusError) {
        var parser = LabelSelectorParser(text)
        requirements = try parser.requirements()
    }
}

/// Reads the requirements of a label selector from left to right.
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
            default: throw refusal("found '\(name(of: token))', expected: ',' or 'end of string'")
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
        default: throw refusal("found '\(name(of: token))', expected: in, notin, =, ==, !=")
        }
    }

    private mutating func key() throws(StatusError) -> String {
        guard case .word(let key) = token else {
            throw refusal("found '\(name(of: token))', expected: !, identifier, or 'end of string'")
        }
        guard NameRules.isQualifiedName(key) else {
            throw refusal("key: Invalid value: \"\(key)\": \(NameRules.qualifiedNameRule)")
        }
        advance()
        return key
    }

    /// A value, which may be left out and is empty then.
    private mutating func value() throws(StatusError) -> String {
        guard case .word(let value) = token else { return "" }
        guard NameRules.isLabelValue(value) else {
            throw refusal("values[0]: Invalid value: \"\(value)\": \(NameRules.labelValueRule)")
        }
        advance()
        return value
    }

    private mutating func values() throws(StatusError) -> Set<String> {
        guard token == .open else { throw refusal("found '\(name(of: token))', expected: '('") }
        advance()
        var values: Set<String> = []
        while true {
            values.insert(try value())
            switch token {
            case .comma: advance()
            case .close:
                advance()
                return values
            default: throw refusal("found '\(name(of: token))', expected: ',' or ')'")
            }
        }
    }

    private func refusal(_ why: String) -> StatusError {
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
