/// Why it is not known which cluster to talk to, or as whom.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, in which file and entry, and what mends it; without secrets.
    public let message: String

    public init(_ message: String) {
        self.message = message
    }

    public var description: String { message }
}
