import KubeClient

/// One log line before it is encoded.
struct LogLine: Sendable {
    typealias Field = (key: String, value: JSONValue)

    private(set) var time: Timestamp
    let level: LogLevel
    let logger: String
    private(set) var message: String
    /// The fields that all lines of a component share.
    var context: [Field] = []
    /// The fields that identify the object the line is about.
    var subject: [Field] = []
    /// The other fields.
    var fields: [Field] = []

    /// The longest string of a line, in bytes; ``bounded`` truncates longer ones, so that no object can flood the log.
    static let maximumText = 8_192

    /// Keys that are the same in every line of a process, or that only programs use: text lines omit them.
    private static let jsonOnlyKeys: Set<String> = [
        "controller", "controllerGroup", "controllerKind", "identity", "reconcileID",
    ]

    /// The size of its message and of its own fields.
    var textSize: Int { fields.reduce(message.utf8.count) { $0 + ($1.value.stringValue?.utf8.count ?? 0) } }

    /// The line's error message.
    var error: String? { fields.last { $0.key == "error" }?.value.stringValue }

    /// The line with another time; `lastSeen` says when it happened.
    func written(at now: Timestamp) -> LogLine {
        guard now > time else { return self }
        var line = self
        line.fields.append((key: "lastSeen", value: .string(time.rfc3339Microseconds)))
        line.time = now
        return line
    }

    /// The line with long strings truncated.
    var bounded: LogLine {
        var line = self
        line.message = Self.bounded(message)
        line.context = context.map { (key: $0.key, value: Self.bounded($0.value)) }
        line.subject = subject.map { (key: $0.key, value: Self.bounded($0.value)) }
        line.fields = fields.map { (key: $0.key, value: Self.bounded($0.value)) }
        return line
    }

    /// The encoded line, which contains exactly one newline, at its end.
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
        writer.string(message)
        for (key, value) in members {
            writer.key(key)
            writer.value(value)
        }
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    // MARK: Text

    /// `2026-01-01T10:00:00.001500Z INFO  payments/restart-api: Created the run kind=PipelineRun run=restart-api-2cdc`
    private func text(_ timeEncoding: LogTimeEncoding) -> [UInt8] {
        let levelText = level.description.uppercased()
        var line = "\(timeEncoding.text(of: time)) \(levelText)\(levelText.utf8.count < 5 ? "  " : " ")"
        if !logger.isEmpty { line += logger + ": " }
        let object = objectName
        if let object { line += Self.printable(object, quotingSpaces: false) + ": " }
        line += Self.printable(message, quotingSpaces: false)
        for (key, value) in members where isInText(key, value, hasObject: object != nil) {
            switch value {
            case .string(let text): line += " \(key)=\(Self.printable(text, quotingSpaces: true))"
            case let other: line += " \(key)=\(other.encodedString)"
            }
        }
        return Array(line.utf8) + [UInt8(ascii: "\n")]
    }

    /// `namespace/name` of the object the line is about; nil if it is not about an object.
    private var objectName: String? {
        func value(_ key: String) -> String { members.last { $0.key == key }?.value.stringValue ?? "" }
        let (namespace, name) = (value("namespace"), value("name"))
        if name.isEmpty { return nil }
        return namespace.isEmpty ? name : "\(namespace)/\(name)"
    }

    private func isInText(_ key: String, _ value: JSONValue, hasObject: Bool) -> Bool {
        if Self.jsonOnlyKeys.contains(key) || value == .string("") { return false }
        // The first attempt is the normal case.
        if key == "attempt", value == .integer(1) { return false }
        guard hasObject else { return true }
        // The object's name is in front of the message; controller-runtime's keys repeat it twice.
        if case .object = value { return false }
        return key != "namespace" && key != "name"
    }

    /// The text unchanged if it is unambiguous, as a JSON string otherwise.
    private static func printable(_ text: String, quotingSpaces: Bool) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte != 0x7F && byte != UInt8(ascii: "\"") || byte == 0x20 && !quotingSpaces
        }
        if isPlain { return text }
        return quotingSpaces || text.utf8.contains { $0 < 0x20 } ? JSONValue.string(text).encodedString : text
    }

    // MARK: Bounds

    private static func bounded(_ value: JSONValue) -> JSONValue {
        if case .string(let text) = value { .string(bounded(text)) } else { value }
    }

    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > maximumText else { return text }
        let kept = String(decoding: text.utf8.prefix(maximumText), as: UTF8.self)
        return "\(kept)… (\(text.utf8.count - maximumText) more bytes)"
    }
}
