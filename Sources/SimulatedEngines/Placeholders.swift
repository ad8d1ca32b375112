import KubeClient

/// Variables in text, between delimiters: `$(params.x)` in Tekton, `{{inputs.parameters.x}}` in Argo.
struct Placeholders: Sendable {
    let opening: String
    let closing: String
    /// Whether a variable inside an unfinished one is replaced, as in `$(a.$(params.x)`.
    let isNestable: Bool

    static let tekton = Placeholders(opening: "$(", closing: ")", isNestable: true)
    static let argo = Placeholders(opening: "{{", closing: "}}", isNestable: false)

    /// Replaces each variable for which `value` returns text; leaves the others unchanged.
    func replace(in text: String, with value: (Substring) -> String?) -> String {
        var result = ""
        var rest = Substring(text)
        while let start = rest.firstRange(of: opening) {
            let afterOpening = rest[start.upperBound...]
            guard let end = afterOpening.firstRange(of: closing) else { break }
            result += rest[..<start.lowerBound]
            if isNestable, afterOpening[..<end.lowerBound].firstRange(of: opening) != nil {
                result += opening
                rest = afterOpening
                continue
            }
            let name = afterOpening[..<end.lowerBound]
            result += value(name.trimmingBlanks) ?? String(rest[start.lowerBound..<end.upperBound])
            rest = afterOpening[end.upperBound...]
        }
        return result + rest
    }

    /// Replaces variables in all strings of a tree; a string that is a single variable may become any JSON value.
    ///
    /// An array that replaces an array element is spliced into the array.
    func replace(in tree: JSONValue, with value: (Substring) -> JSONValue?) -> JSONValue {
        switch tree {
        case .string(let text):
            guard text.utf8.count > opening.utf8.count, text.firstRange(of: opening) != nil else { return tree }
            if let name = variable(text), let replacement = value(name), replacement.stringValue == nil {
                return replacement
            }
            return .string(replace(in: text) { value($0)?.scalarText })
        case .array(let elements):
            var result: [JSONValue] = []
            result.reserveCapacity(elements.count)
            for element in elements {
                let replacement = replace(in: element, with: value)
                if element.stringValue != nil, let spliced = replacement.arrayValue {
                    result += spliced
                } else {
                    result.append(replacement)
                }
            }
            return .array(result)
        case .object(let object):
            return .object(
                JSONObject(
                    uniqueMembers: object.map { member in
                        JSONObject.Member(key: member.key, value: replace(in: member.value, with: value))
                    }))
        case .null, .bool, .integer, .double: return tree
        }
    }

    /// The names of all variables in the strings of a tree.
    func variables(in tree: JSONValue) -> [String] {
        switch tree {
        case .string(let text):
            var names: [String] = []
            _ = replace(in: text) { name in
                names.append(String(name))
                return nil
            }
            return names
        case .array(let elements): return elements.flatMap { variables(in: $0) }
        case .object(let object): return object.flatMap { variables(in: $0.value) }
        case .null, .bool, .integer, .double: return []
        }
    }

    /// The variable's name if the text is a single variable.
    private func variable(_ text: String) -> Substring? {
        guard text.hasPrefix(opening), text.hasSuffix(closing) else { return nil }
        let name = text.dropFirst(opening.count).dropLast(closing.count)
        return name.firstRange(of: opening) == nil ? name.trimmingBlanks : nil
    }
}

extension StringProtocol where SubSequence == Substring {
    /// The text without leading and trailing spaces.
    var trimmingBlanks: Substring {
        let start = drop { $0 == " " }
        guard let last = start.lastIndex(where: { $0 != " " }) else { return start.prefix(0) }
        return start[...last]
    }

    /// The range of the first occurrence of `pattern`, compared byte by byte.
    func firstRange(of pattern: String) -> Range<Index>? {
        let bytes = utf8
        let patternBytes = pattern.utf8
        guard let first = patternBytes.first else { return nil }
        var index = bytes.startIndex
        while let found = bytes[index...].firstIndex(of: first) {
            if bytes[found...].starts(with: patternBytes),
                let end = bytes.index(found, offsetBy: patternBytes.count, limitedBy: bytes.endIndex)
            {
                return found..<end
            }
            index = bytes.index(after: found)
        }
        return nil
    }
}
