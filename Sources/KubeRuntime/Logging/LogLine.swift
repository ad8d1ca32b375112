import KubeClient

/// One log line before it is written.
struct LogLine: Sendable {
    typealias Field = (key: String, value: JSONValue)

    let time: Timestamp
    let level: LogLevel
    let logger: String
    let message: String
    /// What all lines of a part have in common.
    var context: [Field] = []
    /// Which object the line is about.
    var subject: [Field] = []
    /// What else there is to say.
    var fields: [Field] = []

    /// The longest string that is written; the rest is cut, so that no object can flood the log.
    static let maximumText = 8_192

    /// The text of the error that the line tells.
    var error: String? { fields.last { $0.key == "error" }?.value.stringValue }

    /// The line's bytes with the line end; it never contains another one.
    func encoded(_ format: LogFormat, _ timeEncoding: LogTimeEncoding) -> [UInt8] {
        switch format {
        case .json: json(timeEncoding)
        case .text: text(timeEncoding)
        }
    }

    private var members: [Field] { context + subject + fields }

    private func json(_ timeEncoding: LogTimeEncoding) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 256)
        writer.beginObject()
        writer.key("level")
        writer.string(level.description)
        writer.key("ts")
        let timeText = timeEncoding.text(of: time)
        if timeEncoding.isNumber { writer.raw(timeText.utf8) } else { writer.string(timeText) }
        if !logger.isEmpty {
            writer.key("logger")
            writer.string(logger)
        }
        writer.key("msg")
        writer.string(Self.bounded(message))
        for (key, value) in members {
            writer.key(key)
            writer.value(Self.bounded(value))
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private func text(_ timeEncoding: LogTimeEncoding) -> [UInt8] {
        var line = "\(timeEncoding.text(of: time)) \(level.description.uppercased()) "
        if !logger.isEmpty { line += logger + ": " }
        line += Self.printable(Self.bounded(message), quotingSpaces: false)
        for (key, value) in members {
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
