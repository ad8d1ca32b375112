/// The resource version of an object or a collection.
///
/// Two versions of one resource type are comparable if both are decimal numbers (KEP-5504). Other versions are opaque
/// and can only be tested for equality. `0` in a request means any version, so it has no order either.
public struct ResourceVersion: Hashable, Sendable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    /// True if the server sent no version.
    public var isEmpty: Bool { text.isEmpty }

    /// The order of one version relative to another.
    public enum Order: Hashable, Sendable {
        case older, same, newer
    }

    /// Compares this version with `other`; nil if one of them is opaque.
    public func order(relativeTo other: ResourceVersion) -> Order? {
        guard isDecimal, other.isDecimal else { return nil }
        let own = text.utf8
        let others = other.text.utf8
        // Without leading zeros the longer number is greater, and numbers of equal length compare like their bytes.
        if own.count != others.count { return own.count < others.count ? .older : .newer }
        if text == other.text { return .same }
        return own.lexicographicallyPrecedes(others) ? .older : .newer
    }

    /// True if the versions are comparable and this one is newer.
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
