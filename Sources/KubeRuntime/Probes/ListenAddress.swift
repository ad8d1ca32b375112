/// Where to listen, as flags write it: `HOST:PORT`, `[::1]:8080`, or `:8080` for all addresses.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// Empty for all addresses.
    public let host: String
    /// 0 for a free one.
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads an address; nil where the text is `0` or empty, which turns the listener off.
    public static func parse(_ text: String) throws(ListenAddressError) -> ListenAddress? {
        if text.isEmpty || text == "0" { return nil }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ListenAddressError(text: text)
        }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        if isBracketed { host = host.dropFirst().dropLast() }
        guard isBracketed || !host.contains(where: { ":[] ".contains($0) }) else {
            throw ListenAddressError(text: text)
        }
        return ListenAddress(host: String(host), port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A text that is no address to listen on.
public struct ListenAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public var description: String {
        "\"\(text)\" is no address to listen on: write HOST:PORT, [IPV6]:PORT, :PORT for all addresses, or 0 for none"
    }
}
