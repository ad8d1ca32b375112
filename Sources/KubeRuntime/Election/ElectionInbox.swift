import KubeClient

/// What the tasks beside an election have for it, and the way to wake it.
final class ElectionInbox: Sendable {
    private struct State {
        /// In order of arrival; of changes of the lease only the last in a row.
        var events: [ElectionMachine.Event] = []
        /// The election, while it waits.
        var sleeper: Sleeper?
    }

    private let state = Locked(State())
    private let time: any TimeSource

    init(time: any TimeSource) {
        self.time = time
    }

    func post(_ event: ElectionMachine.Event) {
        let sleeper = state.withLock { state in
            if case .changed = event, case .changed = state.events.last { state.events.removeLast() }
            state.events.append(event)
            return state.sleeper
        }
        if let timer = sleeper?.wake() { time.cancel(timer) }
    }

    /// Returns the next event, or `woke` at the deadline; at once when the task is cancelled.
    func next(until deadline: ContinuousClock.Instant) async -> ElectionMachine.Event {
        let sleeper = Sleeper()
        let event = state.withLock { state in
            guard state.events.isEmpty else { return state.events.removeFirst() as ElectionMachine.Event? }
            state.sleeper = sleeper
            return nil
        }
        if let event { return event }
        await sleeper.sleep(until: deadline, on: time)
        return state.withLock { state in
            state.sleeper = nil
            return state.events.isEmpty ? .woke : state.events.removeFirst()
        }
    }
}
