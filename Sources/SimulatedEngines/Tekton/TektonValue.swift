import KubeClient

/// The value of a parameter or result as Tekton reads it: text, a list of texts, or texts by key.
///
/// Any other JSON, such as a number or a list of lists, becomes its JSON text.
enum TektonValue: Hashable, Sendable {
    case string(String)
    case array([String])
    case object([String: String])

    init(_ json: JSONValue?) {
        switch json {
        case .string(let text): self = .string(text)
        case .array(let elements) where elements.allSatisfy { $0.stringValue != nil }:
            self = .array(elements.compactMap(\.stringValue))
        case .object(let members) where members.allSatisfy { $0.value.stringValue != nil }:
            self = .object(Dictionary(members.map { ($0.key, $0.value.stringValue ?? "") }, uniquingKeysWith: { $1 }))
        case .null, nil: self = .string("")
        case let other?: self = .string(other.encodedString)
        }
    }

    /// `string`, `array`, or `object`.
    var type: String {
        switch self {
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// All texts in the value, those of an object in the order of its keys.
    var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements
        case .object(let members): members.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    var json: JSONValue {
        switch self {
        case .string(let text): .string(text)
        case .array(let elements): .array(elements.map { .string($0) })
        case .object(let members):
            .object(
                JSONObject(
                    uniqueMembers: members.sorted { $0.key < $1.key }
                        .map { JSONObject.Member(key: $0.key, value: .string($0.value)) }))
        }
    }
}

/// Variables in texts, as Tekton's regular expressions find them.
enum TektonText {
    /// The variables in a text, without `$(` and `)`: names with letters, digits, `_`, `.`, `-`, and at most one index.
    static func expressions(_ text: String) -> [String] {
        var found: [String] = []
        var rest = Substring(text)
        while let start = rest.firstRange(of: "$(") {
            rest = rest[start.upperBound...]
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
            guard !name.isEmpty else { continue }
            var tail = rest[name.endIndex...]
            var index = Substring()
            if tail.first == "[", let end = tail.firstIndex(of: "]") {
                let inner = tail[..<end].dropFirst()
                if inner == "*" || (!inner.isEmpty && inner.allSatisfy { $0.isASCII && $0.isNumber }) {
                    index = tail[...end]
                    tail = tail[tail.index(after: end)...]
                }
            }
            guard tail.first == ")" else { continue }
            found.append(String(name + index))
            rest = tail.dropFirst()
        }
        return found
    }

    /// A reference to an element of an array parameter.
    struct IndexedReference: Hashable, Sendable {
        /// The whole reference, as written.
        let text: String
        let parameter: String
        let index: Int
    }

    /// The references such as `$(params.list[2])` or `$(params['a.b'][2])` in a text.
    static func indexedReferences(_ text: String) -> [IndexedReference] {
        var found: [IndexedReference] = []
        var rest = Substring(text)
        while let start = rest.firstRange(of: "$(params") {
            let whole = rest[start.lowerBound...]
            rest = rest[start.upperBound...]
            guard let end = rest.firstRange(of: "])") else { break }
            let inner = rest[..<end.lowerBound]
            guard let bracket = inner.lastIndex(of: "["), let index = Int(inner[inner.index(after: bracket)...]),
                let name = parameterName(inner[..<bracket])
            else { continue }
            found.append(
                IndexedReference(text: String(whole[..<end.upperBound]), parameter: name, index: index))
        }
        return found
    }

    /// The name in `.name`, `['name']`, or `["name"]`; of `.object.key` it is the object's.
    private static func parameterName(_ text: Substring) -> String? {
        for quote in ["'", "\""] where text.hasPrefix("[\(quote)") && text.hasSuffix("\(quote)]") {
            return String(text.dropFirst(2).dropLast(2))
        }
        guard text.hasPrefix(".") else { return nil }
        return String(text.dropFirst().prefix { $0 != "." })
    }

    /// Go's format of a list of texts.
    static func goList(_ texts: [String]) -> String {
        "[\(texts.joined(separator: " "))]"
    }
}
