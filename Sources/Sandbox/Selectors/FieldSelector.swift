/// A condition on fields of an object, as `fieldSelector` writes it: `metadata.name=a,status.phase!=Running`.
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
    /// Reads a selector; an empty text selects everything, and every field must be one the resource lets select by.
    init(parsing text: String, for served: ServedResource) throws(StatusError) {
        var requirements: [Requirement] = []
        for term in Self.terms(of: text) {
            let requirement = try Self.requirement(term, of: text)
            guard let field = served.storedField(requirement.field) else {
                throw .badRequest(
                    "Unable to find \"\(served.resource)\" that match label selector \"\", field selector "
                        + "\"\(text)\": field label not supported: \(requirement.field)")
            }
            requirements.append(
                Requirement(field: field, value: requirement.value, mustEqual: requirement.mustEqual))
        }
        self.requirements = requirements
    }

    /// Splits at commas that no backslash escapes.
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
