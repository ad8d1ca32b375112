import KubeClient

/// One column of the table `kubectl get` prints.
struct TableColumn: Sendable {
    let name: String
    /// The type in OpenAPI's words: string, integer, number, boolean or date.
    let type: String
    var format = ""
    var description = ""
    /// Columns above 0 are shown by `-o wide` only.
    var priority: Int64 = 0
    /// Reads the cell from an object in the form of its served version.
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

    /// The column's definition in a `Table`.
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

    /// A column that shows a field as it is; an absent one is empty.
    static func field(_ name: String, _ path: [String], description: String = "", priority: Int64 = 0) -> TableColumn {
        TableColumn(name, description: description, priority: priority) { object, _ in object[path: path] ?? "" }
    }
}
