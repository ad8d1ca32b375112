/// A key handed to a worker, which must give it back with ``WorkQueue/done(_:_:)``.
public struct WorkItem<Key: Hashable & Sendable>: Sendable {
    public let key: Key
    /// 1 for the first try, and one more for each failure since the last success.
    public let attempt: Int
    /// How long the key was ready before a worker took it.
    public let waited: Duration
}

/// Which line a ready key waits in.
public enum WorkPriority: Hashable, Sendable {
    /// Somebody waits for it: an object changed.
    case normal
    /// Nobody waits for it: an initial list, an expired TTL. Gets at least one of four turns.
    case low

    /// Becomes the higher of the two.
    mutating func raise(to other: WorkPriority) {
        if other == .normal { self = .normal }
    }
}

/// What became of a work item. What was added while it ran is done in any case.
public enum WorkOutcome: Hashable, Sendable {
    /// Done; the key is forgotten until someone adds it.
    case success
    /// Done; the key is to run again after a time, unless something happens earlier.
    case requeue(after: Duration)
    /// Failed; the key runs again after its backoff, and not before `notBefore` has passed.
    case retry(notBefore: Duration = .zero)
    /// Something outside is waited for; the key runs again as after a failure, but it is none.
    case backOff(notBefore: Duration)
    /// The key's turn has not come, so nothing was tried: its failures still count. It runs again after a time, or when
    /// someone adds it.
    case postpone(atMost: Duration)

    /// True when the key runs again after its backoff, which grows with each such outcome in a row.
    public var backsOff: Bool {
        switch self {
        case .success, .requeue, .postpone: false
        case .retry, .backOff: true
        }
    }
}

/// What a run of a key says about its failures.
enum WorkVerdict: Hashable, Sendable {
    /// It worked: there are none.
    case worked
    /// One more.
    case failed
    /// Nothing was tried: they stay as they are.
    case untried
}

extension WorkOutcome {
    var verdict: WorkVerdict {
        switch self {
        case .success, .requeue: .worked
        case .retry, .backOff: .failed
        case .postpone: .untried
        }
    }
}
