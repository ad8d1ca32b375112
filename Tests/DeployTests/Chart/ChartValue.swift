import KubeClient

/// One value of the chart that can be set by itself: its name, what it is by default and what it is for.
struct ChartValue: Equatable {
    /// `image.repository`
    let path: [String]
    let standard: JSONValue
    let description: String

    var name: String { path.joined(separator: ".") }

    /// A row of the table in the chart's README.
    var row: String { "| `\(name)` | `\(standard.encodedString)` | \(description) |" }

    /// The values that `schema` knows, with the defaults from `values`, in the order of the defaults.
    static func all(schema: JSONValue, values: JSONValue, path: [String] = []) -> [ChartValue] {
        (values.objectValue ?? JSONObject()).flatMap { member in
            let path = path + [member.key]
            let known = schema[path: ["properties", member.key]] ?? [:]
            guard known["properties"] != nil, !keptWhole.contains(path) else {
                let description = known["description"]?.stringValue ?? "?"
                return [ChartValue(path: path, standard: member.value, description: description)]
            }
            return all(schema: known, values: member.value, path: path)
        }
    }

    /// Objects that people read and set as a whole.
    private static let keptWhole: Set<[String]> = [["resources"]]
}
