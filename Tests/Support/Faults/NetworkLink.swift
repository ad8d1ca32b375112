import CLinux
import Foundation
import Glibc
import KubeClient

/// A TCP proxy to a server on this machine that can simulate network faults.
///
/// It forwards bytes without interpreting them, so TLS works. One thread serves all connections.
package final class NetworkLink: Sendable {
    package enum Condition: Sendable {
        case healthy
        /// No bytes pass and no connection is closed. Bytes sent in the meantime arrive later, even if their sender has
        /// timed out.
        case silent
        /// New connections are refused; existing connections continue.
        case refusing
    }

    /// The state that the thread reads.
    struct State: Sendable {
        var condition = Condition.healthy
        /// How often all connections were reset.
        var cuts = 0
        var isClosed = false
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The port to connect to instead of the server's.
    package let port: UInt16
    /// The server's port.
    private let serverPort: UInt16
    private let state = Locked(State())
    private let wakeUp: Int32

    /// Starts to forward connections to a server on the loopback address.
    ///
    /// - Parameter server: an address from a kubeconfig, such as `https://127.0.0.1:6443`.
    package init(to server: String) throws {
        guard let serverPort = URL(string: server)?.port.flatMap({ UInt16(exactly: $0) }) else {
            throw Failure(description: "\(server) has no port")
        }
        self.serverPort = serverPort
        let listener = try LoopbackSocket.bound()
        guard listen(listener.descriptor, 128) == 0 else { throw Failure(description: "cannot listen") }
        wakeUp = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard wakeUp >= 0 else { throw Failure(description: "cannot create a file descriptor") }
        port = listener.port
        let (state, wakeUp) = (state, wakeUp)
        let isStarted = NativeThread.start(named: "link") {
            LinkLoop(listener: listener.descriptor, server: serverPort, wakeUp: wakeUp).run { state.withLock { $0 } }
        }
        guard isStarted else { throw Failure(description: "cannot create a thread") }
    }

    deinit {
        close()
    }

    package func set(_ condition: Condition) { update { $0.condition = condition } }

    /// Resets all connections; new connections are accepted immediately.
    package func cut() { update { $0.cuts += 1 } }

    /// Resets all connections and ends the thread.
    package func close() { update { $0.isClosed = true } }

    private func update(_ change: (inout State) -> Void) {
        state.withLock { state in
            // The thread closes the descriptor after it reads that the link is closed.
            guard !state.isClosed else { return }
            change(&state)
            eventfd_write(wakeUp, 1)
        }
    }
}

extension NetworkLink {
    /// Writes a copy of a kubeconfig whose server is the link.
    package func kubeconfig(like file: URL, in directory: URL) throws -> URL {
        let copy = directory.appending(path: "link-\(port).kubeconfig")
        try String(contentsOf: file, encoding: .utf8)
            .replacingOccurrences(of: "127.0.0.1:\(serverPort)", with: "127.0.0.1:\(port)")
            .write(to: copy, atomically: true, encoding: .utf8)
        return copy
    }
}

/// The loop of a ``NetworkLink``'s thread, which forwards bytes.
final class LinkLoop {
    private let listener: Int32
    private let server: UInt16
    private let wakeUp: Int32
    private var connections: [LinkConnection] = []
    private var handledCuts = 0
    private var isListening = true

    init(listener: Int32, server: UInt16, wakeUp: Int32) {
        self.listener = listener
        self.server = server
        self.wakeUp = wakeUp
    }

    /// Runs until the link is closed.
    func run(_ state: () -> NetworkLink.State) {
        while true {
            let current = state()
            if current.cuts != handledCuts || current.isClosed {
                handledCuts = current.cuts
                for connection in connections { connection.reset() }
                connections = []
            }
            if current.isClosed { break }
            setListening(current.condition != .refusing)
            wait(current.condition)
        }
        close(listener)
        close(wakeUp)
    }

    private func setListening(_ wanted: Bool) {
        guard wanted != isListening else { return }
        isListening = wanted
        // A socket that is shut down stays bound, so that no other process gets the port.
        if wanted { listen(listener, 128) } else { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    private func wait(_ condition: NetworkLink.Condition) {
        var watched = [pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0)]
        if condition != .silent {
            if isListening { watched.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
            for connection in connections { watched += connection.interests }
        }
        guard poll(&watched, nfds_t(watched.count), -1) > 0 else { return }
        var count: eventfd_t = 0
        eventfd_read(wakeUp, &count)
        // A new state takes effect first: no byte passes after the link becomes silent.
        guard count == 0 else { return }
        if watched.contains(where: { $0.fd == listener && $0.revents != 0 }) { connect() }
        let ready = Set(watched.filter { $0.revents != 0 }.map(\.fd))
        connections.removeAll { !$0.move(ready) }
    }

    private func connect() {
        let client = accept4(listener, nil, nil, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
        guard client >= 0 else { return }
        guard let upstream = LoopbackSocket.connected(to: server) else { return LoopbackSocket.reset(client) }
        LoopbackSocket.makeNonBlocking(client)
        connections.append(LinkConnection(client: client, server: upstream))
    }
}

/// One connection through a ``NetworkLink``; used only on the link's thread.
final class LinkConnection {
    /// One direction of the connection.
    private struct Flow {
        let source: Int32
        let target: Int32
        var bytes: [UInt8] = []
        var isEnded = false
    }

    /// The number of unsent bytes at which the sender is no longer read.
    private static let capacity = 256 << 10

    private var flows: [Flow]

    init(client: Int32, server: Int32) {
        flows = [Flow(source: client, target: server), Flow(source: server, target: client)]
    }

    /// The descriptors and events to poll.
    var interests: [pollfd] {
        flows.flatMap { flow -> [pollfd] in
            var interests: [pollfd] = []
            if !flow.isEnded, flow.bytes.count < Self.capacity {
                interests.append(pollfd(fd: flow.source, events: Int16(POLLIN), revents: 0))
            }
            if !flow.bytes.isEmpty { interests.append(pollfd(fd: flow.target, events: Int16(POLLOUT), revents: 0)) }
            return interests
        }
    }

    /// Forwards the available bytes; false if both ends are closed.
    func move(_ ready: Set<Int32>) -> Bool {
        for index in flows.indices {
            if ready.contains(flows[index].source), !flows[index].isEnded, !receive(&flows[index]) { return end() }
            if !flows[index].bytes.isEmpty, !send(&flows[index]) { return end() }
        }
        // After one end closes, the other end is closed as soon as it has received all bytes.
        guard flows.contains(where: { $0.isEnded && $0.bytes.isEmpty }) else { return true }
        for flow in flows { close(flow.source) }
        return false
    }

    func reset() { _ = end() }

    private func end() -> Bool {
        for flow in flows { LoopbackSocket.reset(flow.source) }
        return false
    }

    private func receive(_ flow: inout Flow) -> Bool {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(flow.source, &piece, piece.count, 0)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        if count == 0 { flow.isEnded = true } else { flow.bytes += piece[..<count] }
        return true
    }

    private func send(_ flow: inout Flow) -> Bool {
        let count = Glibc.send(flow.target, flow.bytes, flow.bytes.count, Int32(MSG_NOSIGNAL))
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        flow.bytes.removeFirst(count)
        return true
    }
}
