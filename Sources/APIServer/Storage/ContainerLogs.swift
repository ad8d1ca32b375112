import KubeClient

/// The logs of containers, limited to the most recent output.
final class ContainerLogs: Sendable {
    /// The maximum size of one log, in bytes.
    private static let maximumBytes = 256 << 10

    private struct Container: Hashable, Sendable {
        let namespace: String
        let pod: String
        let name: String
    }

    private struct Log: Sendable {
        var bytes: [UInt8] = []
        /// The number of bytes dropped at the start.
        var dropped = 0
    }

    private let logs = Locked([Container: Log]())

    func append(_ text: String, namespace: String, pod: String, container: String) {
        let place = Container(namespace: namespace, pod: pod, name: container)
        logs.withLock { logs in
            var log = logs.removeValue(forKey: place) ?? Log()
            log.bytes.append(contentsOf: text.utf8)
            let excess = log.bytes.count - Self.maximumBytes
            if excess > 0 {
                // Cut after a line break, so that the log starts with a whole line.
                let line = log.bytes[excess...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? excess
                log.bytes.removeFirst(line)
                log.dropped += line
            }
            logs[place] = log
        }
    }

    /// The bytes from a position, counted from the start of the log, and the position after them.
    func read(namespace: String, pod: String, container: String, from position: Int) -> (bytes: [UInt8], end: Int) {
        logs.withLock { logs in
            guard let log = logs[Container(namespace: namespace, pod: pod, name: container)] else { return ([], 0) }
            let start = min(max(0, position - log.dropped), log.bytes.count)
            return (Array(log.bytes[start...]), log.dropped + log.bytes.count)
        }
    }

    /// Removes the logs of a deleted pod.
    func remove(namespace: String, pod: String) {
        logs.withLock { logs in
            for place in logs.keys where place.namespace == namespace && place.pod == pod { logs[place] = nil }
        }
    }
}
