import Glibc

/// How a connection finds out that its peer is gone without saying so.
///
/// Ten seconds without a byte are followed by a probe every five; what nobody acknowledges for 15 seconds, probe or data,
/// ends the connection. So that takes 20 seconds at most.
enum DeadPeer {
    static let idleSeconds: Int32 = 10
    static let probeSeconds: Int32 = 5
    static let unacknowledgedMilliseconds: Int32 = 15_000

    /// Sets a TCP socket up; an option that the system does not know is left out.
    static func detect(on socket: Int32) {
        set(socket, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPIDLE, idleSeconds)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPINTVL, probeSeconds)
        set(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, unacknowledgedMilliseconds)
    }

    private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
