public import KubeClient
public import TowlineAPI

extension ExecutionStatus {
    /// The status after `event`; nil when nothing but the time of the update would change.
    ///
    /// Every status of an execution is made here, so that the law of the contract holds whoever writes.
    ///
    /// - Parameters:
    ///   - generation: the `metadata.generation` of the object this status was read with.
    ///   - now: the time of the event.
    public func after(_ event: ExecutionEvent, generation: Int64, now: ServerTime) -> ExecutionStatus? {
        after([event], generation: generation, now: now)
    }

    /// The status after `events`, in their order, as one update.
    public func after(_ events: [ExecutionEvent], generation: Int64, now: ServerTime) -> ExecutionStatus? {
        var transition = StatusTransition(of: self, generation: generation, now: now)
        for event in events { transition.apply(event) }
        return transition.result
    }
}
