import KubeClient

/// A column of the table that `kubectl get` prints.
struct TableColumn: Sendable {
    let name: String
    /// The OpenAPI type: string, integer, number, boolean or date.
    let type: String
    var format = ""
    var description = ""
    /// Columns above 0 are shown only with `-o wide`.
    var priority: Int64 = 0
    /// Reads the cell from an object in the served version.
    let cell: @Sendable (_ object: JSONValue, _ now: Timestamp) -> JSONValue

    init(
        _ name: String, type: String = "string", format: String = "", description: String = "", priority: Int64 = 0,
        cell: @escaping @Sendable (_ object: JSONValue, _ now: Timestamp) -> JSONValue
    ) {
        self.name = name
        self.type = type
        self.format = format
        self.description = description
        self.priority = priority
        self.cell = cell
    }

    /// The column definition in a `Table`.
    var definition: JSONValue {
        [
            "name": .string(name), "type": .string(type), "format": .string(format),
            "description": .string(description), "priority": .integer(priority),
        ]
    }
}

extension TableColumn {
    static let name = TableColumn(
        "Name", format: "name", description: "The name, unique within the namespace."
    ) { object, _ in object["metadata"]?["name"] ?? "" }

    static let age = TableColumn("Age", description: "The time since the object was created.") { object, now in
        HumanDuration.cell(object["metadata"]?["creationTimestamp"], now)
    }

    /// A column that shows a field; empty if absent.
    static func field(_ name: String, _ path: [String], description: String = "", priority: Int64 = 0) -> TableColumn {
        TableColumn(name, description: description, priority: priority) { object, _ in object[path: path] ?? "" }
    }
}

/// Durations in the short form of tables: `45s`, `5m10s`, `3h`, `2d4h`.
enum HumanDuration {
    /// The short form of a duration, with a second unit where the first alone would be imprecise.
    static func text(seconds: Int64) -> String {
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return joined(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        let hours = minutes / 60
        if hours < 8 { return joined(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        let days = hours / 24
        if hours < 192 { return joined(days, "d", hours % 24, "h") }
        if days < 730 { return "\(days)d" }
        if days < 2920 { return joined(days / 365, "y", days % 365, "d") }
        return "\(days / 365)y"
    }

    private static func joined(_ large: Int64, _ unit: String, _ small: Int64, _ smallUnit: String) -> String {
        small == 0 ? "\(large)\(unit)" : "\(large)\(unit)\(small)\(smallUnit)"
    }

    /// The time since an RFC 3339 time; `<unknown>` without a valid time.
    static func cell(_ time: JSONValue?, _ now: Timestamp) -> JSONValue {
        guard let text = time?.stringValue, let since = Timestamp(rfc3339: text) else { return "<unknown>" }
        return .string(self.text(seconds: now.seconds - since.seconds))
    }
}
