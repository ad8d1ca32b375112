import Foundation
import KubeClient
import TestSupport
import Testing

/// The files for each kind of Argo CD installation contain copies of the scripts.
@Suite struct InstallTests {
    private static let prefix = "resource.customizations."
    private static let suffix = ".towline.dev_WorkflowExecution"

    @Test(arguments: [
        ("argocd-cm.yaml", ["data"]), ("helm-values.yaml", ["configs", "cm"]),
        ("argocd-operator.yaml", ["spec", "extraConfig"]),
    ])
    func `every file has the current scripts`(_ file: String, _ path: [String]) throws {
        let form = try #require(Repository.documents("deploy/argo-cd/\(file)").first)
        let settings = try #require(form[path: path]?.objectValue)
        #expect(settings.keys.sorted() == ["actions", "health"].map { Self.prefix + $0 + Self.suffix })

        let health = settings[Self.prefix + "health" + Self.suffix]?.stringValue
        #expect(health == (try Repository.text("deploy/argo-cd/health.lua")), "run: make manifests")

        let text = try #require(settings[Self.prefix + "actions" + Self.suffix]?.stringValue)
        let actions = try #require(YAML.documents(Array(text.utf8), source: file).first)
        let discovery = try Repository.text("deploy/argo-cd/actions/discovery.lua")
        #expect(actions["discovery.lua"]?.stringValue == discovery, "run: make manifests")
        let definitions = try #require(actions["definitions"]?.arrayValue)
        #expect(definitions.compactMap { $0["name"]?.stringValue } == ["stop", "terminate"])
        for definition in definitions {
            let name = try #require(definition["name"]?.stringValue)
            let script = try Repository.text("deploy/argo-cd/actions/\(name)/action.lua")
            #expect(definition["action.lua"]?.stringValue == script, "run: make manifests")
        }
    }

    /// Uses the folder as a component of an Argo CD kustomization.
    @Test(
        .enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed"),
        arguments: ["{name: argocd-cm}", "{name: argocd-cm, namespace: argocd}"])
    func `the component adds the settings`(_ metadata: String) async throws {
        let kubectl = try #require(Tool.installed("kubectl"))
        let folder = Repository.file(".build/argo-cd-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in [
            ("kustomization.yaml", "resources: [argocd-cm.yaml]\ncomponents: [../../deploy/argo-cd]\n"),
            ("argocd-cm.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: \(metadata), data: {url: kept}}\n"),
        ] {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        let rendered = try await Installation(yaml: kubectl("kustomize", folder.path), source: "kustomize").objects
        var expected = try #require(Repository.documents("deploy/argo-cd/argocd-cm.yaml").first)["data"]
        expected?["url"] = "kept"
        #expect(rendered.count == 1 && rendered.first?["data"] == expected)
    }
}

/// The test files for Argo CD's own repository: they run there once the scripts are contributed.
///
/// The objects are the output of `kubectl get -o yaml` for executions in the sandbox.
@Suite(.enabled(if: LuaScript.interpreter != nil, "lua5.1 is not installed")) struct UpstreamTests {
    private static let folder = "deploy/argo-cd"
    private static let actions = "deploy/argo-cd/actions"

    private func object(_ path: JSONValue?, in folder: String) throws -> JSONValue {
        let path = try #require(path?.stringValue)
        return try #require(Repository.documents("\(folder)/\(path)").first)
    }

    private func cases(_ list: String, in path: String) throws -> [JSONValue] {
        let cases = try Repository.documents(path).first?[list]?.arrayValue ?? []
        try #require(!cases.isEmpty)
        return cases
    }

    @Test func `health_test.yaml passes`() async throws {
        let script = LuaScript(path: "\(Self.folder)/health.lua")
        for test in try cases("tests", in: "\(Self.folder)/health_test.yaml") {
            let result = try await script.result(for: object(test["inputPath"], in: Self.folder))
            #expect(result == test["healthStatus"], "\(test["inputPath"]?.stringValue ?? "")")
        }
    }

    @Test func `the discovery tests in action_test.yaml pass`() async throws {
        let script = LuaScript(path: "\(Self.actions)/discovery.lua")
        for test in try cases("discoveryTests", in: "\(Self.actions)/action_test.yaml") {
            let result = try await script.result(for: object(test["inputPath"], in: Self.actions))
            for var action in try #require(test["result"]?.arrayValue) {
                let name = try #require(action["name"]?.stringValue)
                action["name"] = nil
                #expect(result[name] == action, "\(test["inputPath"]?.stringValue ?? ""): \(name)")
            }
        }
    }

    @Test func `the action tests in action_test.yaml pass`() async throws {
        for test in try cases("actionTests", in: "\(Self.actions)/action_test.yaml") {
            let name = try #require(test["action"]?.stringValue)
            let script = LuaScript(path: "\(Self.actions)/\(name)/action.lua")
            let result = try await script.result(for: object(test["inputPath"], in: Self.actions))
            #expect(try result == object(test["expectedOutputPath"], in: Self.actions), "\(name)")
        }
    }
}
