import CLinux
import Foundation
import Glibc
import KubeClient

/// A wire to a server on this machine that can be made to fail as networks do.
///
/// It carries bytes and understands none of them, so that TLS passes through. One thread serves all its connections.
package final class NetworkLink: Sendable {
    package enum Condition: Sendable {
        case sound
        /// Nothing passes and nothing is closed. What was sent meanwhile arrives afterwards, also from senders that
        /// gave up long ago.
        case silent
        /// New connections are refused; those that are open go on.
        case refusing
    }

    /// What the thread is told.
    struct Orders: Sendable {
        var condition = Condition.sound
        /// How often all connections were cut so far.
        var cuts = 0
        var isClosed = false
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The port to connect to instead of the server's.
    package let port: UInt16
    /// The server's port.
    private let direct: UInt16
    private let orders = Locked(Orders())
    private let alarm: Int32

    /// Begins to carry connections to the server of a kubeconfig, which must be on the loopback address.
    ///
    /// - Parameter server: the address as a kubeconfig has it: `https://127.0.0.1:6443`.
    package init(to server: String) throws {
        guard let direct = URL(string: server)?.port.flatMap({ UInt16(exactly: $0) }) else {
            throw Failure(description: "\(server) names no port")
        }
        self.direct = direct
        let listener = try LoopbackSocket.bound()
        guard listen(listener.descriptor, 128) == 0 else { throw Failure(description: "cannot listen") }
        alarm = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard alarm >= 0 else { throw Failure(description: "no file descriptor left") }
        port = listener.port
        let (orders, alarm) = (orders, alarm)
        let isStarted = NativeThread.start(named: "link") {
            LinkLoop(listener: listener.descriptor, server: direct, alarm: alarm).run { orders.withLock { $0 } }
        }
        guard isStarted else { throw Failure(description: "no thread left") }
    }

    deinit {
        close()
    }

    package func set(_ condition: Condition) { give { $0.condition = condition } }

    /// Resets every connection that is open; new ones may be made at once.
    package func cut() { give { $0.cuts += 1 } }

    /// Ends everything.
    package func close() { give { $0.isClosed = true } }

    private func give(_ change: (inout Orders) -> Void) {
        orders.withLock { orders in
            // The thread closes the alarm once it has read that the link is closed.
            guard !orders.isClosed else { return }
            change(&orders)
            eventfd_write(alarm, 1)
        }
    }
}

extension NetworkLink {
    /// Writes the kubeconfig of a client that goes through the link, like another one that does not.
    package func kubeconfig(like file: URL, in directory: URL) throws -> URL {
        let copy = directory.appending(path: "link-\(port).kubeconfig")
        try String(contentsOf: file, encoding: .utf8)
            .replacingOccurrences(of: "127.0.0.1:\(direct)", with: "127.0.0.1:\(port)")
            .write(to: copy, atomically: true, encoding: .utf8)
        return copy
    }
}
