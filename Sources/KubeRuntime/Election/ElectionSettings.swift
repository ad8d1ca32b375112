import FoundationEssentials
public import KubeClient

/// Which lease a process runs for, and as whom.
public struct ElectionSettings: Sendable, Hashable {
    /// Namespace and name of the lease.
    public let lease: ObjectKey
    /// What tells this candidate from all others, ever; see ``makeIdentity(host:)``.
    public let identity: String
    public let timing: ElectionTiming

    public init(lease: ObjectKey, identity: String, timing: ElectionTiming = .default) {
        self.lease = lease
        self.identity = identity
        self.timing = timing
    }

    /// Returns a new identity: the host's name, for people, and a UUID, which no later process has again.
    public static func makeIdentity(host: String) -> String { "\(host)_\(UUID().uuidString.lowercased())" }
}

/// The three times of an election, in a proportion that keeps two leaders from overlapping.
///
/// Whoever leads trusts in its lease for `renewDeadline` after it last asked for a renewal; everybody else waits for
/// `leaseDuration` after having seen one. So two never lead at once as long as the clock of one does not run faster
/// than that of the other by more than the ratio of the two, 1.5 with the defaults. The defaults are client-go's.
public struct ElectionTiming: Sendable, Hashable {
    /// How long others wait after the last renewal they saw; whole seconds.
    public let leaseDuration: Duration
    /// How long a leader goes on after the last renewal that succeeded.
    public let renewDeadline: Duration
    /// How often a leader renews, and about how often others look.
    public let retryPeriod: Duration

    /// Why three times make no election, and what would.
    public struct Invalid: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// The shortest lease: the API counts in whole seconds.
    private static let shortest = Duration.seconds(1)
    private static let longest = Duration.seconds(3600)

    /// - Throws: what is wrong with the times: a lease must be longer than the renew deadline, and that longer than 1.2
    ///   retry periods, the longest of which is what chance makes of one.
    public init(leaseDuration: Duration, renewDeadline: Duration, retryPeriod: Duration) throws(Invalid) {
        guard leaseDuration >= Self.shortest, leaseDuration <= Self.longest, leaseDuration.components.attoseconds == 0
        else {
            throw Invalid(
                description: "the lease duration (\(leaseDuration)) must be whole seconds from 1 second to 1 hour")
        }
        guard leaseDuration > renewDeadline else {
            throw Invalid(
                description: "the lease duration (\(leaseDuration)) must be longer than the renew deadline "
                    + "(\(renewDeadline))")
        }
        guard retryPeriod > .zero else {
            throw Invalid(description: "the retry period (\(retryPeriod)) must be longer than nothing")
        }
        guard renewDeadline > retryPeriod * 6 / 5 else {
            throw Invalid(
                description: "the renew deadline (\(renewDeadline)) must be longer than 1.2 times the retry period "
                    + "(\(retryPeriod))")
        }
        self.leaseDuration = leaseDuration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
    }

    private init(seconds lease: Int, _ renew: Int, _ retry: Int) {
        (leaseDuration, renewDeadline, retryPeriod) = (.seconds(lease), .seconds(renew), .seconds(retry))
    }

    /// A lease of 15 seconds, trusted in for 10, renewed every 2.
    public static let `default` = ElectionTiming(seconds: 15, 10, 2)

    /// The longest time for one request, so that one that hangs does not cost the lease.
    var requestTimeout: Duration { max(.seconds(1), renewDeadline / 2) }
}
