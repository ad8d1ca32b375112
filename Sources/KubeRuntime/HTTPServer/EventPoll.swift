import CLinux
import Glibc

/// A set of descriptors the kernel watches (epoll), level-triggered.
final class EventPoll: Sendable {
    private let descriptor: Int32

    /// Nil when the system has no descriptor left.
    init?() {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Watches a descriptor for events that are then reported under the token; false when the system refuses.
    func add(_ watched: Int32, events: UInt32, token: UInt64) -> Bool {
        towline_epoll_control(descriptor, EPOLL_CTL_ADD, watched, events, token) == 0
    }

    func change(_ watched: Int32, events: UInt32, token: UInt64) {
        _ = towline_epoll_control(descriptor, EPOLL_CTL_MOD, watched, events, token)
    }

    func remove(_ watched: Int32) {
        _ = towline_epoll_control(descriptor, EPOLL_CTL_DEL, watched, 0, 0)
    }

    /// Waits and hands each event to `body`.
    ///
    /// - Parameter milliseconds: the longest wait; negative for ever.
    func wait(milliseconds: Int32, _ body: (_ token: UInt64, _ events: UInt32) -> Void) {
        withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 128) { list in
            let count = epoll_wait(descriptor, list.baseAddress, Int32(list.count), milliseconds)
            for index in 0..<max(0, count) {
                body(towline_epoll_token(list.baseAddress, index), towline_epoll_events(list.baseAddress, index))
            }
        }
    }
}
