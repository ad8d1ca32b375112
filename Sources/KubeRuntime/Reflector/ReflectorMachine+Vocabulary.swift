import KubeClient

extension ReflectorMachine {
    /// What happened.
    enum Input {
        case start
        /// A page arrived and its objects are stored; the token is nil on the last one.
        case page(ResourceVersion, continueToken: String?)
        /// The server accepted the watch.
        case opened
        case signal(Signal)
        /// The server ended the watch in the regular way.
        case ended
        /// Nothing arrived until the deadline of the reading.
        case silent
        /// The list or the watch failed.
        case failed(KubeError)
        /// The pause is over.
        case woke
    }

    /// What a watch brought, without the object, which is stored already.
    enum Signal {
        /// A change, with its version; empty when it could not be read.
        case object(ResourceVersion)
        case bookmark(ResourceVersion, endsInitialEvents: Bool)
        case failed(APIStatus)
    }

    /// What to do: first the copy, then the one thing to wait for.
    struct Step {
        var copy: CopyAction?
        /// For the log and the metrics.
        var note: Note?
        var next: Next
    }

    /// What happens to the copy of the collection.
    enum CopyAction: Hashable {
        /// The whole state is about to be read; it is the most recent one when `isConsistent`.
        case beginRelist(isConsistent: Bool)
        /// The whole state was read, as of this version.
        case finishRelist(ResourceVersion)
        /// Everything up to this version is known.
        case observe(ResourceVersion)
        /// The resource type is not served.
        case markUnavailable(String)
    }

    /// The one thing to wait for.
    enum Next: Hashable {
        case list(ListVersion, limit: Int?, continueToken: String?)
        case openWatch(WatchStart, timeout: Duration)
        /// Reads the open watch until the deadline.
        case read(until: Instant)
        case sleep(for: Duration)
    }

    /// What is worth telling.
    enum Note: Hashable {
        case relist(RelistReason)
        case failed(KubeError, retryIn: Duration)
        case silentWatch
        case shortWatch
        case streamingUnsupported
    }

    /// Why the whole state is read.
    enum RelistReason: String, Hashable, CaseIterable {
        case initial
        /// The version is older than the server's history.
        case expired
        /// The server has not seen the version yet, or never will.
        case versionTooLarge = "version_too_large"
        /// A token for the next page was too old.
        case tokenExpired = "token_expired"
        /// The state that was to be streamed never ended.
        case streamStalled = "stream_stalled"
        /// After a failure.
        case retry
        /// The resource type was not served before.
        case probe
    }
}
