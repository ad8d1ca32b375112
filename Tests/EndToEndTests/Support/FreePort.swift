import Foundation
import KubeClient

/// Finds free ports that stay free: outside the range from which the kernel gives ports to others, and each only once.
///
/// A server that restarts on its port would otherwise meet another test's server there.
enum FreePort {
    struct Failure: Error {}

    private static let candidates: ClosedRange<UInt16> = 12_000...31_000
    private static let used = Locked<Set<UInt16>>([])

    static func find() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: candidates)
            guard used.withLock({ $0.insert(port).inserted }), isFree(port) else { continue }
            return port
        }
        throw Failure()
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
