import FoundationEssentials
public import KubeClient

/// Which lease a process runs for, and as whom.
public struct ElectionSettings: Sendable, Hashable {
    /// Namespace and name of the lease.
    public let lease: ObjectKey
    /// What tells this candidate from all others, ever; see ``makeIdentity(host:)``.
    public let identity: String
    public let timing: ElectionTiming

    public init(lease: ObjectKey, identity: String, timing: ElectionTiming = .standard) {
        self.lease = lease
        self.identity = identity
        self.timing = timing
    }

    /// Returns a new identity: the host's name, for people, and a UUID, which no later process has again.
    public static func makeIdentity(host: String) -> String { "\(host)_\(UUID().uuidString.lowercased())" }
}
