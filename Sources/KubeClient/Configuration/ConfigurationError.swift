/// Why it is not known which cluster to talk to, or as whom.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, in which file and entry, and what mends it; without secrets, at most 4096 bytes.
    public let message: String

    public init(_ message: String) {
        // It quotes what the files say, which may be of any length.
        self.message = message.bounded(to: 4096)
    }

    public var description: String { message }
}
