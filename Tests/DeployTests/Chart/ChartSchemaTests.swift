import Foundation
import KubeClient
import TestSupport
import Testing

/// The chart's values, schema, README and templates have the same values.
@Suite struct ChartSchemaTests {
    static let folder = "deploy/chart/towline"

    let values: JSONValue
    let schema: JSONValue

    init() throws {
        values = try #require(try Repository.documents("\(Self.folder)/values.yaml").first)
        schema = try #require(try Repository.documents("\(Self.folder)/values.schema.json").first)
    }

    /// Compares the default values of an object with its schema.
    private func compare(_ values: JSONValue, _ schema: JSONValue, _ path: String) {
        guard let properties = schema["properties"]?.objectValue else { return }
        // The templates refuse unknown values at the top, to say which one to use instead.
        #expect(schema["additionalProperties"] == (path == "values" ? nil : false), "\(path) allows unknown values")
        // Helm gives `global` to every chart, and parents have `enabled` as a condition; this one uses neither.
        let known = properties.keys.filter { !["global", "enabled"].contains($0) || path != "values" }
        #expect(Set(values.objectValue?.keys ?? []) == Set(known), "\(path)")
        for key in known {
            let part = "\(path).\(key)"
            #expect(schema[path: ["properties", key, "description"]]?.stringValue?.isEmpty == false, "\(part)")
            if let value = values[key], let inner = schema[path: ["properties", key]] { compare(value, inner, part) }
        }
    }

    @Test func `the schema has exactly the values of values.yaml`() { compare(values, schema, "values") }

    @Test func `the README lists every value`() throws {
        let rows = ChartValue.all(schema: schema, values: values).map(\.row)
        let table = try Repository.text("\(Self.folder)/README.md").split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("| `") }
        #expect(table == rows, "the table should be:\n\(rows.joined(separator: "\n"))")
    }

    @Test func `templates use every value and no other`() throws {
        let templates = try Repository.files(below: "\(Self.folder)/templates").map(Repository.text).joined()
        let uses = templates.matches(of: /\.Values\.([A-Za-z.]+)/).map { $0.1.split(separator: ".").map(String.init) }
        for use in uses { #expect(values[path: use] != nil, "\(use.joined(separator: "."))") }
        // Some objects are used as a whole, through a variable.
        for value in ChartValue.all(schema: schema, values: values) {
            #expect(uses.contains { value.path.starts(with: $0) }, "\(value.name) is not used")
        }
    }

    /// The words of a template's `list` or the keys of its `dict` that is assigned to a variable.
    private func words(of variable: String) throws -> [String] {
        let text = try Repository.text("\(Self.folder)/templates/_checks.tpl")
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("{{- $\(variable) := ") })
        let words = line.matches(of: /"([^"]*)"/).map { String($0.output.1) }
        return line.contains(":= dict ") ? stride(from: 0, to: words.count, by: 2).map { words[$0] } : words
    }

    @Test func `the checks know every value and every option of the operator`() throws {
        #expect(try Set(words(of: "known")) == Set(values.objectValue?.keys ?? []).union(["global", "enabled"]))
        let page = try Repository.text("docs/configuration.md")
        let flags = Set(
            page.matches(of: /(?m)^\| `--([a-z-]+)`(?:<br>`--([a-z-]+)`)? \|/).flatMap { match in
                [String(match.output.1), match.output.2.map(String.init)].compactMap { $0 }
            }
        ).subtracting(["leader-elect", "print-config"])
        #expect(try Set(words(of: "values") + words(of: "others")) == flags)
    }

    @Test func `the chart has the product's version`() throws {
        let chart = try #require(try Repository.documents("\(Self.folder)/Chart.yaml").first)
        #expect(chart["appVersion"]?.stringValue == (try Repository.version()))
        #expect(chart["version"]?.stringValue == (try Repository.version()))
    }

    /// Files from elsewhere in the repository are copied, because a chart is packaged on its own.
    @Test(arguments: [
        ("crds", "crds"), ("users", "deploy/base/rbac/users"), ("policy", "deploy/policy/base"),
        ("policy-runs", "deploy/policy/runs/base"),
        ("monitoring", "deploy/monitoring"),
    ])
    func `copies are current`(_ copies: String, _ originals: String) throws {
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

/// A value of the chart: its path, default and description.
struct ChartValue: Equatable {
    /// `image.repository`
    let path: [String]
    let defaultValue: JSONValue
    let description: String

    var name: String { path.joined(separator: ".") }

    /// A row of the table in the chart's README.
    var row: String { "| `\(name)` | `\(defaultValue.encodedString)` | \(description) |" }

    /// The values in `schema`, with defaults from `values`, in their order.
    static func all(schema: JSONValue, values: JSONValue, path: [String] = []) -> [ChartValue] {
        (values.objectValue ?? JSONObject()).flatMap { member in
            let path = path + [member.key]
            let known = schema[path: ["properties", member.key]] ?? [:]
            guard known["properties"] != nil, !keptWhole.contains(path) else {
                let description = known["description"]?.stringValue ?? "?"
                return [ChartValue(path: path, defaultValue: member.value, description: description)]
            }
            return all(schema: known, values: member.value, path: path)
        }
    }

    /// Objects that are documented as a whole.
    private static let keptWhole: Set<[String]> = [["resources"]]
}
