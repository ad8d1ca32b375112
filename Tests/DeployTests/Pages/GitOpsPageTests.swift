import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// What readers of docs/gitops.md copy has to work.
@Suite struct GitOpsPageTests {
    private func executions() throws -> [JSONValue] {
        try Markdown(path: "docs/gitops.md").blocks(of: "yaml")
            .flatMap { try YAML.documents(Array($0.utf8), source: "docs/gitops.md") }
            .filter { $0.kind == "WorkflowExecution" }
    }

    private func specSchema() throws -> JSONValue {
        let definition = try #require(Repository.documents("crds/towline.dev_workflowexecutions.yaml").first)
        let version = definition[path: ["spec", "versions"]]?[0]
        return try #require(version?[path: ["schema", "openAPIV3Schema", "properties", "spec"]])
    }

    /// The fields of a value that its schema does not have.
    private func unknownFields(_ value: JSONValue, _ schema: JSONValue) -> [String] {
        guard let properties = schema["properties"], let object = value.objectValue else { return [] }
        return object.flatMap { member in
            properties[member.key].map { unknownFields(member.value, $0) } ?? [member.key]
        }
    }

    @Test func everyExecutionIsValid() throws {
        let executions = try executions()
        #expect(executions.count >= 2)
        for execution in executions {
            let json = try #require(execution["spec"])
            #expect(try unknownFields(json, specSchema()) == [])
            var cursor = JSONCursor(json.encoded)
            #expect(try ExecutionSpec(reading: &cursor).validate().isEmpty)
        }
    }

    /// The files that the page sends its readers to.
    @Test func everyFileIsThere() throws {
        let text = try Markdown(path: "docs/gitops.md").text
        let named = Set(text.matches(of: /deploy\/argo-cd\/[-\w.]+/).map { String($0.output) })
        #expect(named.count >= 3)
        for path in named { #expect(throws: Never.self, "\(path)") { try Repository.text(path) } }
    }
}
