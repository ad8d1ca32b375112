import Foundation
import KubeClient
import Testing

/// A cluster without an engine, and one where it comes and goes.
///
/// It takes a sandbox of its own, because it removes definitions that other tests need.
@Suite struct MissingEngineTests {
    @Test func anEngineThatAppearsLaterIsUsed() async throws {
        let directory = try await TestCluster.shared.directory
        let kubeconfig = directory.appending(path: "without-engine.kubeconfig")
        let sandbox = try ChildProcess(
            Repository.binary, ["sandbox", "--kubeconfig-out", kubeconfig.path], directory: directory,
            name: "without-engine")
        try await eventually("the sandbox is there") { sandbox.output.contains("export KUBECONFIG") }
        let access = try ClusterAccess(kubeconfig: kubeconfig)
        let name = "\(Types.pipelineRun.plural).\(Types.pipelineRun.group)"
        let definition = try #require(try await access.get(Types.definition, "", name))
        try await access.delete(Types.definition, "", name)
        try await eventually("PipelineRuns are gone") {
            try await access.client.servedResources(group: "tekton.dev", version: "v1")?.contains("pipelineruns")
                != true
        }
        let process = try ChildProcess(
            Repository.binary,
            [
                "operator", "--kubeconfig", kubeconfig.path, "--metrics-bind-address", "0",
                "--health-probe-bind-address", "0",
            ], directory: directory, name: "operator-without-engine")

        for document in try YAML.documents(
            Array((Templates.all + "\n---\n" + Templates.execution("early", engine: "tekton")).utf8), source: "test")
        {
            try await access.create(Types.type(of: document), "default", document)
        }
        let waiting: JSONValue = try await eventually("the missing engine is said") {
            guard let execution = try await access.get(Types.execution, "default", "early"),
                execution.status("reason") == "EngineUnavailable"
            else { return nil }
            return execution
        }
        #expect(waiting.status("phase") == "Pending")
        #expect(waiting.status("message")?.contains("Tekton") == true)

        var fresh: JSONValue = ["apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"]
        fresh["metadata"] = ["name": .string(name)]
        fresh["spec"] = definition["spec"]
        try await access.create(Types.definition, nil, fresh)
        let ended: JSONValue = try await eventually("the execution goes its way", within: .seconds(90)) {
            guard let execution = try await access.get(Types.execution, "default", "early"),
                execution.condition("Finished") == "True"
            else { return nil }
            return execution
        }
        #expect(ended.verdict == "Completed/Success/Succeeded")
        #expect(try await process.stop() == 0)
        await access.close()
        #expect(try await sandbox.stop() == 0)
    }
}
