/// The version an API server gave an object or a collection.
///
/// Two versions of one resource type can be ordered when both are plain decimal numbers (KEP-5504). Others are opaque:
/// they can only be equal or not. `0` is no version but the wish for any, and is not ordered either.
public struct ResourceVersion: Hashable, Sendable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    /// True when the server gave no version.
    public var isEmpty: Bool { text.isEmpty }

    /// How one version stands to another.
    public enum Order: Hashable, Sendable {
        case older, same, newer
    }

    /// Tells how this version stands to `other`; nil when one of them cannot be ordered.
    public func order(relativeTo other: ResourceVersion) -> Order? {
        guard isDecimal, other.isDecimal else { return nil }
        let own = text.utf8
        let others = other.text.utf8
        // Without leading zeros the longer number is the greater one, and bytes sort as numbers do.
        if own.count != others.count { return own.count < others.count ? .older : .newer }
        if text == other.text { return .same }
        return own.lexicographicallyPrecedes(others) ? .older : .newer
    }

    /// True when both can be ordered and this one is newer.
    public func isNewer(than other: ResourceVersion) -> Bool {
        order(relativeTo: other) == .newer
    }

    private var isDecimal: Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "0") else { return false }
        return text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

extension ResourceVersion: CustomStringConvertible {
    public var description: String { text }
}
