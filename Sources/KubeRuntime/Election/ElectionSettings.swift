import FoundationEssentials
public import KubeClient

/// The lease of an election, and this candidate's identity.
public struct ElectionSettings: Sendable, Hashable {
    /// The namespace and name of the lease.
    public let lease: ObjectKey
    /// A globally unique name of this candidate; see ``makeIdentity(host:)``.
    public let identity: String
    public let timing: ElectionTiming

    public init(lease: ObjectKey, identity: String, timing: ElectionTiming = .default) {
        self.lease = lease
        self.identity = identity
        self.timing = timing
    }

    /// Returns a new identity: the host name, for readability, and a UUID.
    public static func makeIdentity(host: String) -> String { "\(host)_\(UUID().uuidString.lowercased())" }
}

/// The three durations of an election, in proportions that prevent two leaders at a time.
///
/// A leader trusts its lease for `renewDeadline` after it sent the last renewal; the other candidates wait for
/// `leaseDuration` after they saw it. Two processes never lead at once as long as no clock runs faster than another one
/// by more than the ratio of the two: 1.5 with the defaults, which are client-go's.
public struct ElectionTiming: Sendable, Hashable {
    /// How long candidates wait after the last renewal that they saw; whole seconds.
    public let leaseDuration: Duration
    /// How long a leader continues after its last successful renewal.
    public let renewDeadline: Duration
    /// How often a leader renews the lease, and about how often candidates check it.
    public let retryPeriod: Duration

    /// Durations that violate the rules; the description says which, and what is valid.
    public struct Invalid: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// The shortest lease: the API counts in whole seconds.
    private static let shortest = Duration.seconds(1)
    private static let longest = Duration.seconds(3600)

    /// - Throws: if the lease duration is not longer than the renew deadline, or that not longer than 1.2 retry
    ///   periods.
    public init(leaseDuration: Duration, renewDeadline: Duration, retryPeriod: Duration) throws(Invalid) {
        guard leaseDuration >= Self.shortest, leaseDuration <= Self.longest, leaseDuration.components.attoseconds == 0
        else {
            throw Invalid(
                description: "the lease duration (\(leaseDuration.readable)) must be in whole seconds, from 1s to 1h")
        }
        guard leaseDuration > renewDeadline else {
            throw Invalid(
                description: "the lease duration (\(leaseDuration.readable)) must be greater than the renew "
                    + "deadline (\(renewDeadline.readable))")
        }
        guard retryPeriod > .zero else {
            throw Invalid(description: "the retry period (\(retryPeriod.readable)) must be greater than zero")
        }
        guard renewDeadline > retryPeriod * 6 / 5 else {
            throw Invalid(
                description: "the renew deadline (\(renewDeadline.readable)) must be greater than 1.2 times the "
                    + "retry period (\(retryPeriod.readable))")
        }
        self.leaseDuration = leaseDuration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
    }

    private init(seconds lease: Int, _ renew: Int, _ retry: Int) {
        (leaseDuration, renewDeadline, retryPeriod) = (.seconds(lease), .seconds(renew), .seconds(retry))
    }

    /// A lease of 15 seconds, trusted for 10 seconds and renewed every 2 seconds.
    public static let `default` = ElectionTiming(seconds: 15, 10, 2)

    /// The timeout of one request, so that a request that hangs does not lose the lease.
    var requestTimeout: Duration { max(.seconds(1), renewDeadline / 2) }
}
