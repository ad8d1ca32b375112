import CLinux
import Glibc

/// One connection through a ``NetworkLink``, in both directions; belongs to the link's thread.
final class Wire {
    /// Bytes on their way to one end.
    private struct Flow {
        let source: Int32
        let target: Int32
        var bytes: [UInt8] = []
        var isEnded = false
    }

    /// How many bytes wait for a slow reader before its partner is not read any more.
    private static let capacity = 256 << 10

    private var flows: [Flow]

    init(client: Int32, server: Int32) {
        flows = [Flow(source: client, target: server), Flow(source: server, target: client)]
    }

    /// What the kernel is to watch for.
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

    /// Moves what can be moved; false when the connection is over and both ends are closed.
    func move(_ ready: Set<Int32>) -> Bool {
        for index in flows.indices {
            if ready.contains(flows[index].source), !flows[index].isEnded, !receive(&flows[index]) { return end() }
            if !flows[index].bytes.isEmpty, !send(&flows[index]) { return end() }
        }
        // Whoever closes first has the other end closed as well, once that has been told everything.
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
