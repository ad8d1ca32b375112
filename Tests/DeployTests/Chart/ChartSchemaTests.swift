import Foundation
import KubeClient
import TestSupport
import Testing

/// The chart's values, their schema, their table and their use in templates are about the same values.
@Suite struct ChartSchemaTests {
    static let folder = "deploy/chart/towline"

    let values: JSONValue
    let schema: JSONValue

    init() throws {
        values = try #require(try Repository.documents("\(Self.folder)/values.yaml").first)
        schema = try #require(try Repository.documents("\(Self.folder)/values.schema.json").first)
    }

    /// Of each object: what it has by default, and what the schema says it may have.
    private func compare(_ values: JSONValue, _ schema: JSONValue, _ path: String) {
        guard let properties = schema["properties"]?.objectValue else { return }
        #expect(schema["additionalProperties"] == false, "\(path) takes anything")
        // Helm gives `global` to every chart, and parents have `enabled` as a condition; this one uses neither.
        let known = properties.keys.filter { !["global", "enabled"].contains($0) || path != "values" }
        #expect(Set(values.objectValue?.keys ?? []) == Set(known), "\(path)")
        for key in known {
            let part = "\(path).\(key)"
            #expect(schema[path: ["properties", key, "description"]]?.stringValue?.isEmpty == false, "\(part)")
            if let value = values[key], let inner = schema[path: ["properties", key]] { compare(value, inner, part) }
        }
    }

    @Test func theSchemaKnowsEveryValueAndNoOther() { compare(values, schema, "values") }

    @Test func theTableHasEveryValue() throws {
        let rows = ChartValue.all(schema: schema, values: values).map(\.row)
        let table = try Repository.text("\(Self.folder)/README.md").split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("| `") }
        #expect(table == rows, "the table should be:\n\(rows.joined(separator: "\n"))")
    }

    @Test func templatesUseEveryValueAndNoOther() throws {
        let templates = try Repository.files(below: "\(Self.folder)/templates").map(Repository.text).joined()
        let uses = templates.matches(of: /\.Values\.([A-Za-z.]+)/).map { $0.1.split(separator: ".").map(String.init) }
        for use in uses { #expect(values[path: use] != nil, "\(use.joined(separator: "."))") }
        // Parts of monitoring are used through a variable; what uses an object uses all of it.
        for value in ChartValue.all(schema: schema, values: values) {
            #expect(uses.contains { value.path.starts(with: $0) }, "\(value.name) is not used")
        }
    }

    @Test func theChartIsOfThisVersion() throws {
        let chart = try #require(try Repository.documents("\(Self.folder)/Chart.yaml").first)
        #expect(chart["appVersion"]?.stringValue == (try Repository.version()))
        #expect(chart["version"]?.stringValue == (try Repository.version()))
    }

    /// What the templates take from elsewhere in the repository is a copy, because a chart is packed by itself.
    @Test(arguments: [
        ("crds", "crds"), ("users", "deploy/base/rbac/users"), ("policy", "deploy/policy/base"),
        ("monitoring", "deploy/monitoring"),
    ])
    func copiesAreNotStale(_ copies: String, _ originals: String) throws {
        func names(_ folder: String) throws -> [String] {
            try Repository.files(below: folder).map { $0.split(separator: "/").last.map(String.init) ?? "" }
                .filter { $0.lowercased().split(separator: ".").first != "kustomization" }
        }
        let folder = "\(Self.folder)/files/\(copies)"
        #expect(try names(folder) == names(originals))
        for name in try names(originals) {
            #expect(
                try Repository.text("\(folder)/\(name)") == Repository.text("\(originals)/\(name)"),
                "\(name) is stale; run: make manifests")
        }
    }
}

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
