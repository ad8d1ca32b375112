import KubeClient

extension ElectionMachine {
    /// What happened. While a request is under way only its answer is fed; everything else waits.
    enum Event {
        /// The election begins.
        case start
        /// The answer to a read.
        case read(Lease)
        /// The answer to a read: there is no lease.
        case absent
        /// The answer to a write that was done: the lease as it is now.
        case wrote(Lease)
        /// The answer to a write that was not done, because the lease is no longer what it was written on.
        case refused
        /// A read or write without a useful answer; a write may have been done nevertheless.
        case failed
        /// The watch told of the lease, late perhaps.
        case changed(Lease)
        /// The watch told that the lease was deleted.
        case deleted
        /// The time to wait is over.
        case woke
        /// The process is to end. Whoever leads goes on until its work has ended.
        case stop
        /// What is done while leading has come to its end.
        case workEnded
    }

    /// What has to be done next; its outcome is the next event.
    enum Next: Hashable {
        case read(timeout: Duration)
        /// Creates the lease where `lease` is nil, or else replaces that version of it.
        case write(LeaseClaim, on: Lease?, timeout: Duration)
        case wait(until: Instant)
        case end(Ending)
    }

    /// What a step means for the work that only a leader does.
    enum Effect: Hashable {
        /// The work begins.
        case lead(Trust)
        /// It may go on for longer.
        case extend(Trust)
        /// It has to end in good order, because somebody else is to lead.
        case stepDown(for: String)
        /// It has ended, and nothing may be begun any more: the lease is about to be given to others.
        case resign
    }

    /// How long a leader may trust in its lease.
    struct Trust: Hashable {
        /// From when on nothing may be begun any more.
        let validUntil: Instant
        /// Before when nobody else leads, so that what was begun in time can be finished.
        let soleUntil: Instant
    }

    enum Ending: Hashable {
        /// Asked for, and the lease is released, or was never held.
        case stopped
        case lost(LeadershipLoss)
    }

    struct Step: Hashable {
        var effect: Effect?
        var next: Next
    }
}

/// Why a process leads no longer although it was not asked to end.
public enum LeadershipLoss: Error, Sendable, Hashable, CustomStringConvertible {
    /// No renewal succeeded within the renew deadline.
    case expired
    /// The lease says that somebody else leads, or nobody.
    case taken(by: String)
    /// The lease named somebody who is to lead instead; it was released.
    case steppedDown(for: String)

    public var description: String {
        switch self {
        case .expired: "leadership was lost: the lease could not be renewed in time"
        case .taken(by: ""): "leadership was lost: somebody released the lease"
        case .taken(let holder): "leadership was lost: the lease is held by \(holder)"
        case .steppedDown(let holder): "leadership was handed over: the lease prefers \(holder)"
        }
    }
}
