import KubeClient

/// The value of a key in a log line, with what is known about where it comes from.
///
/// A text that somebody else wrote, such as an API server, a webhook or an engine, may repeat what its readers must not
/// see: a logger's mask is applied to it. The operator's own words, and the names of objects, are written as they are.
public enum LogValue: Sendable, Hashable {
    /// The operator's own words, and names of objects: never masked.
    case own(String)
    /// A text from elsewhere, such as an error: masked.
    case foreign(String)
    case integer(Int64)
    case bool(Bool)
    /// Several of the operator's own values: never masked.
    case object([String: String])

    /// A text of which it is not known where it comes from: masked.
    public static func string(_ text: String) -> LogValue { .foreign(text) }

    /// What is written, after `mask` was applied to a foreign text.
    func value(masking mask: Mask?) -> JSONValue {
        switch self {
        case .own(let text): .string(text)
        case .foreign(let text): .string(mask?.applied(to: text) ?? text)
        case .integer(let number): .integer(number)
        case .bool(let bool): .bool(bool)
        case .object(let members):
            .object(
                JSONObject(
                    uniqueMembers: members.sorted { $0.key < $1.key }
                        .map { JSONObject.Member(key: $0.key, value: .string($0.value)) }))
        }
    }
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral value: String) { self = .own(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
