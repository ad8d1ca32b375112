import Glibc
import Testing

@testable import KubeClient

@Suite struct DeadPeerTests {
    /// The kernel keeps to these: the sum is the longest time until a peer that vanished is noticed.
    @Test func theSystemIsToldToLookForThePeer() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        DeadPeer.detect(on: descriptor)
        func option(_ level: Int32, _ name: Int32) -> Int32 {
            var value: Int32 = -1
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, level, name, &value, &size)
            return value
        }
        let tcp = Int32(IPPROTO_TCP)
        #expect(option(SOL_SOCKET, SO_KEEPALIVE) == 1)
        let idle = option(tcp, TCP_KEEPIDLE)
        let interval = option(tcp, TCP_KEEPINTVL)
        let limit = option(tcp, TCP_USER_TIMEOUT) / 1000
        #expect(idle == 10 && interval == 5 && limit == 15)
        #expect(max(idle + interval, limit) + interval <= 30)
    }
}
