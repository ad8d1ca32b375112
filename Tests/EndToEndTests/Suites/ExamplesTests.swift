import Foundation
import KubeClient
import TestSupport
import Testing

/// Every manifest in `examples/` ends as its annotation `towline.dev/expect` says.
@Suite(.serialized) struct ExamplesTests {
    private func expectation(_ document: JSONValue) -> String {
        document[path: ["metadata", "annotations", "towline.dev/expect"]]?.stringValue ?? ""
    }

    private func documents(_ folder: String) throws -> [JSONValue] {
        try Repository.manifests(in: folder)
    }

    @Test func `ends every example as its file says`() async throws {
        let workspace = try await Workspace.make("examples")
        let process = try workspace.startOperator()
        for template in try documents("examples/workflows") { try await createTemplate(template, workspace) }
        let executions = try (documents("examples") + documents("examples/invalid"))
            .filter { $0["kind"] == "WorkflowExecution" && !expectation($0).hasPrefix("Refused/") }
        #expect(executions.count > 15)
        for execution in executions {
            try await workspace.access.create(Types.execution, workspace.namespace, execution)
        }
        for execution in executions {
            let ended = try await workspace.finished(try #require(execution.name), within: .seconds(90))
            let message = "\(ended.name ?? ""): \(ended.verdict), expected \(expectation(execution))"
            #expect(ended.verdict.hasPrefix(expectation(execution)), "\(message)")
        }
        #expect(try await process.stop() == 0)
    }

    /// Creates an object; a cluster-wide template may exist from an earlier test run.
    private func createTemplate(_ template: JSONValue, _ workspace: Workspace) async throws {
        let isClusterWide = template["kind"] == "ClusterWorkflowTemplate"
        do {
            try await workspace.access.create(
                Types.type(of: template), isClusterWide ? nil : workspace.namespace, template)
        } catch let error as KubeError where error.isAlreadyExists && isClusterWide {
            // The same one.
        }
    }

    @Test func `rejects invalid examples for the field they name`() async throws {
        let workspace = try await Workspace.make("invalid")
        let invalid = try documents("examples/invalid").filter { expectation($0).hasPrefix("Refused/") }
        #expect(invalid.count > 10)
        for document in invalid {
            let field = String(expectation(document).dropFirst("Refused/".count))
            do {
                _ = try await workspace.access.client.create(
                    Types.type(of: document), namespace: workspace.namespace, body: document.encoded,
                    WriteOptions(fieldValidation: .strict), decoding: ClusterAccess.tree)
                Issue.record("\(document.name ?? "") was accepted")
            } catch {
                #expect("\(error)".contains(field), "\(document.name ?? ""): \(error)")
            }
        }
    }

    @Test func `ends the demo without an unexpected result`() async throws {
        let directory = try await TestCluster.shared.directory
        let process = try ChildProcess(Repository.sandbox, ["demo"], directory: directory, name: "demo")
        #expect(try await process.exit(within: .seconds(120)) == 0, "\(process.output)\(process.errorOutput)")
        #expect(process.output.contains("All results are as expected."))
    }
}
