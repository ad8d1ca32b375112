import CLinux
import Glibc

/// The thread of a ``NetworkLink``: moves bytes between the two ends of every connection, as long as it may.
final class LinkLoop {
    private let listener: Int32
    private let server: UInt16
    private let alarm: Int32
    private var wires: [Wire] = []
    private var cutsMade = 0
    private var isListening = true

    init(listener: Int32, server: UInt16, alarm: Int32) {
        self.listener = listener
        self.server = server
        self.alarm = alarm
    }

    /// Serves until the orders say that the link is closed.
    func run(_ orders: () -> NetworkLink.Orders) {
        while true {
            let order = orders()
            if order.cuts != cutsMade || order.isClosed {
                cutsMade = order.cuts
                for wire in wires { wire.reset() }
                wires = []
            }
            if order.isClosed { break }
            setListening(order.condition != .refusing)
            wait(order.condition)
        }
        close(listener)
        close(alarm)
    }

    private func setListening(_ wanted: Bool) {
        guard wanted != isListening else { return }
        isListening = wanted
        // A socket that is shut down stays bound, so that nobody else gets the port.
        if wanted { listen(listener, 128) } else { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    private func wait(_ condition: NetworkLink.Condition) {
        var watched = [pollfd(fd: alarm, events: Int16(POLLIN), revents: 0)]
        if condition != .silent {
            if isListening { watched.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
            for wire in wires { watched += wire.interests }
        }
        guard poll(&watched, nfds_t(watched.count), -1) > 0 else { return }
        var count: eventfd_t = 0
        eventfd_read(alarm, &count)
        // New orders come first: after the link fell silent not one byte more passes.
        guard count == 0 else { return }
        if watched.contains(where: { $0.fd == listener && $0.revents != 0 }) { connect() }
        let ready = Set(watched.filter { $0.revents != 0 }.map(\.fd))
        wires.removeAll { !$0.move(ready) }
    }

    private func connect() {
        let client = accept4(listener, nil, nil, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
        guard client >= 0 else { return }
        guard let upstream = LoopbackSocket.connected(to: server) else { return LoopbackSocket.reset(client) }
        LoopbackSocket.makeNonBlocking(client)
        wires.append(Wire(client: client, server: upstream))
    }
}
