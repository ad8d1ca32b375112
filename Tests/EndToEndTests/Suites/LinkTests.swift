import Foundation
import KubeClient
import TestSupport
import Testing

/// Links from an execution to pages about its run.
@Suite(.serialized) struct LinkTests {
    private static let flags = [
        "--metrics-bind-address", "0", "--health-probe-bind-address", "0",
        "--link-preset", "tekton-dashboard=https://tekton.example/", "--link-preset", "argo-ui=https://argo.example",
        "--link-template", "Logs=https://logs.example/{engine}/{namespace}?q={name}&u={uid}",
    ]

    private func links(_ execution: JSONValue) -> [String] {
        (execution[path: ["status", "links"]]?.arrayValue ?? []).map {
            "\($0["name"]?.stringValue ?? "-") \($0["url"]?.stringValue ?? "-")"
        }
    }

    private func expected(_ execution: JSONValue, _ engine: String) throws -> [String] {
        let space = try #require(execution[path: ["metadata", "namespace"]]?.stringValue)
        let name = try #require(execution[path: ["status", "runRef", "name"]]?.stringValue)
        let uid = try #require(execution[path: ["status", "runRef", "uid"]]?.stringValue)
        return [
            engine == "tekton"
                ? "Tekton Dashboard https://tekton.example/#/namespaces/\(space)/pipelineruns/\(name)"
                : "Argo UI https://argo.example/workflows/\(space)/\(name)?uid=\(uid)",
            "Logs https://logs.example/\(engine)/\(space)?q=\(name)&u=\(uid)",
        ]
    }

    @Test(arguments: MainJobTests.engines)
    func `links to the run from its start to its end`(_ engine: String) async throws {
        let workspace = try await Workspace.make("linked")
        let process = try workspace.startOperator(arguments: Self.flags)
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("long", engine: engine, workflow: "takes-long"))
        let running = try await workspace.execution("long", until: "runs") { $0.status("phase") == "Running" }
        #expect(links(running) == (try expected(running, engine)))
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "long", ["spec": ["shutdown": "Terminate"]])
        let ended = try await workspace.finished("long")
        #expect(links(ended) == links(running))
        #expect(try await process.stop() == 0)

        // An operator with other templates does not change the links of finished executions.
        let successor = try workspace.startOperator()
        try await workspace.create(Templates.execution("bare", engine: engine))
        #expect(links(try await workspace.finished("bare")) == [])
        #expect(try await workspace.execution("long") == ended)
        #expect(try await successor.stop() == 0)
    }

    @Test(.enabled(if: Kubectl.installed != nil, "kubectl is not installed"))
    func `shows links in kubectl`() async throws {
        let workspace = try await Workspace.make("shown")
        let process = try workspace.startOperator(arguments: Self.flags)
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("shown", engine: "tekton"))
        let ended = try await workspace.finished("shown")
        let kubectl = Kubectl(
            executable: try #require(Kubectl.installed), kubeconfig: workspace.cluster.kubeconfig,
            directory: workspace.cluster.directory)
        let text = try await kubectl(
            "get", "-n", workspace.namespace, "wfe", "shown", "-o", "jsonpath={.status.links}")
        #expect(try JSONValue(parsing: text) == ended[path: ["status", "links"]])
        let url = try await kubectl(
            "get", "-n", workspace.namespace, "wfe", "shown", "-o",
            "jsonpath={.status.links[?(@.name==\"Tekton Dashboard\")].url}")
        #expect(url.hasPrefix("https://tekton.example/#/namespaces/\(workspace.namespace)/pipelineruns/shown-"))
        #expect(try await process.stop() == 0)
    }
}
