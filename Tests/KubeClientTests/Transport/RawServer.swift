import Dispatch
import Glibc
import KubeClient

/// A server that answers each connection's first request with bytes from a script and hangs up.
final class RawServer: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let received = Locked<[String]>([])

    /// - Parameter answers: the last one serves all further connections.
    init(_ answers: [[UInt8]]) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw TransportError(.unreachable, "cannot listen") }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        let received = received
        DispatchQueue(label: "raw-server").async {
            // Closed here and nowhere else: the number of a closed descriptor soon is another server's.
            defer { close(descriptor) }
            var left = answers[...]
            while let answer = left.first {
                let client = accept(descriptor, nil, nil)
                guard client >= 0 else { return }
                let head = Self.readHead(client)
                received.withLock { $0.append(head) }
                _ = Glibc.send(client, answer, answer.count, Int32(MSG_NOSIGNAL))
                close(client)
                if left.count > 1 { left.removeFirst() }
            }
        }
    }

    convenience init(_ answer: String) throws {
        try self.init([Array(answer.utf8)])
    }

    deinit {
        // Wakes the thread, which then ends.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// The heads of the requests so far.
    var requests: [String] { received.withLock { $0 } }

    private static func readHead(_ client: Int32) -> String {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while recv(client, &byte, 1, 0) == 1 {
            head.append(byte)
            if head.count >= 4, head.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) { break }
        }
        return String(decoding: head, as: UTF8.self)
    }
}
