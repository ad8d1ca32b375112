import KubeClient

/// One log line before it is written.
struct LogLine {
    let level: LogLevel
    let logger: String
    let message: String
    let fields: [(key: String, value: JSONValue)]

    /// The longest string that is written; the rest is cut, so that no object can flood the log.
    static let maximumText = 8_192

    /// The line's bytes with the line end; it never contains another one.
    func encoded(_ format: LogFormat, at time: Timestamp) -> [UInt8] {
        switch format {
        case .json: json(time)
        case .text: text(time)
        }
    }

    private func json(_ time: Timestamp) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 256)
        writer.beginObject()
        writer.key("level")
        writer.string(level.description)
        writer.key("ts")
        writer.string(time.rfc3339Microseconds)
        if !logger.isEmpty {
            writer.key("logger")
            writer.string(logger)
        }
        writer.key("msg")
        writer.string(Self.bounded(message))
        for (key, value) in fields {
            writer.key(key)
            writer.value(Self.bounded(value))
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private func text(_ time: Timestamp) -> [UInt8] {
        var line = "\(time.rfc3339Microseconds) \(level.description.uppercased()) "
        if !logger.isEmpty { line += logger + ": " }
        line += Self.printable(Self.bounded(message), quotingSpaces: false)
        for (key, value) in fields {
            switch Self.bounded(value) {
            case .string(let text): line += " \(key)=\(Self.printable(text, quotingSpaces: true))"
            case let other: line += " \(key)=\(other.encodedString)"
            }
        }
        return Array(line.utf8) + [UInt8(ascii: "\n")]
    }

    /// The text as it is where that is unambiguous, as a JSON string otherwise.
    private static func printable(_ text: String, quotingSpaces: Bool) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") || byte == 0x20 && !quotingSpaces
        }
        if isPlain, !(quotingSpaces && text.isEmpty) { return text }
        return quotingSpaces || text.utf8.contains { $0 < 0x20 } ? JSONValue.string(text).encodedString : text
    }

    private static func bounded(_ value: JSONValue) -> JSONValue {
        if case .string(let text) = value { .string(bounded(text)) } else { value }
    }

    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > maximumText else { return text }
        let kept = String(decoding: text.utf8.prefix(maximumText), as: UTF8.self)
        return "\(kept)… (\(text.utf8.count - maximumText) more bytes)"
    }
}
