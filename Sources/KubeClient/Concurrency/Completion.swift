/// Something that happens once and that many may wait for.
package final class Completion: Sendable {
    private let state = Locked<(isComplete: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    package init() {}

    package func complete() {
        let waiters = state.withLock { state in
            state.isComplete = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    package func wait() async {
        await withCheckedContinuation { continuation in
            let isComplete = state.withLock { state in
                if !state.isComplete { state.waiters.append(continuation) }
                return state.isComplete
            }
            if isComplete { continuation.resume() }
        }
    }
}
