import KubeClient

/// The columns a CustomResourceDefinition adds to tables.
enum CustomColumn {
    private static let types = ["boolean", "date", "integer", "number", "string"]

    /// Reads one of `additionalPrinterColumns`.
    static func column(
        _ definition: JSONValue, at path: String
    ) throws(CustomResourceDefinition.Invalid) -> TableColumn {
        var causes: [StatusError.Cause] = []
        let name = definition["name"]?.stringValue ?? ""
        let type = definition["type"]?.stringValue ?? ""
        if name.isEmpty { causes.append(.required("\(path).name")) }
        if !types.contains(type) { causes.append(.notSupported("\(path).type", type, types)) }
        let text = definition["jsonPath"]?.stringValue ?? ""
        let jsonPath = JSONPath(text)
        if jsonPath == nil { causes.append(.invalid("\(path).jsonPath", .string(text), "is not a JSON path")) }
        guard let jsonPath, causes.isEmpty else { throw CustomResourceDefinition.Invalid(causes: causes) }
        return TableColumn(
            name, type: type, format: definition["format"]?.stringValue ?? "",
            description: definition["description"]?.stringValue ?? "",
            priority: definition["priority"]?.integerValue ?? 0
        ) { object, now in cell(jsonPath, object, type, now) }
    }

    /// The first value of the path in the column's type; null when there is none or it has another type.
    private static func cell(_ path: JSONPath, _ object: JSONValue, _ type: String, _ now: Timestamp) -> JSONValue {
        guard let value = path.values(in: object).first else { return .null }
        switch type {
        case "date": return HumanDuration.cell(value, now)
        case "integer": return value.integerValue.map { .integer($0) } ?? .null
        case "number": return value.doubleValue == nil ? .null : value
        case "boolean": return value.boolValue == nil ? .null : value
        default: return .string(value.stringValue ?? value.encodedString)
        }
    }
}
