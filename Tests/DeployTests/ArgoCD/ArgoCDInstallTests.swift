import Foundation
import KubeClient
import TestSupport
import Testing

/// The kinds that Argo CD gets scripts for, and their actions. Each has a folder in `deploy/argo-cd`.
enum ArgoCDScripts {
    static let folder = "deploy/argo-cd"
    static let actions = [
        "Environment": ["deactivate", "extend", "retry-phase", "skip-teardown"],
        "WorkflowExecution": ["stop", "terminate"],
    ]
    static let kinds = actions.keys.sorted()
}

/// The files for each kind of Argo CD installation contain copies of the scripts.
@Suite struct InstallTests {
    private static let prefix = "resource.customizations."

    @Test(arguments: [
        ("argocd-cm.yaml", ["data"]), ("helm-values.yaml", ["configs", "cm"]),
        ("argocd-operator.yaml", ["spec", "extraConfig"]),
    ])
    func `every file has the current scripts`(_ file: String, _ path: [String]) throws {
        let form = try #require(Repository.documents("deploy/argo-cd/\(file)").first)
        let settings = try #require(form[path: path]?.objectValue)
        let keys = ["actions", "health"].flatMap { topic in
            ArgoCDScripts.kinds.map { "\(Self.prefix)\(topic).towline.dev_\($0)" }
        }
        #expect(settings.keys.sorted() == keys)
        for (kind, expected) in ArgoCDScripts.actions {
            let folder = "\(ArgoCDScripts.folder)/\(kind)"
            let health = settings["\(Self.prefix)health.towline.dev_\(kind)"]?.stringValue
            #expect(health == (try Repository.text("\(folder)/health.lua")), "run: make manifests")

            let text = try #require(settings["\(Self.prefix)actions.towline.dev_\(kind)"]?.stringValue)
            let actions = try #require(YAML.documents(Array(text.utf8), source: file).first)
            let discovery = try Repository.text("\(folder)/actions/discovery.lua")
            #expect(actions["discovery.lua"]?.stringValue == discovery, "run: make manifests")
            let definitions = try #require(actions["definitions"]?.arrayValue)
            #expect(definitions.compactMap { $0["name"]?.stringValue } == expected)
            for definition in definitions {
                let name = try #require(definition["name"]?.stringValue)
                let script = try Repository.text("\(folder)/actions/\(name)/action.lua")
                #expect(definition["action.lua"]?.stringValue == script, "run: make manifests")
            }
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
/// The objects are the output of `kubectl get -o yaml` in the sandbox.
@Suite(.enabled(if: LuaScript.interpreter != nil, "lua5.1 is not installed")) struct UpstreamTests {
    private func object(_ path: JSONValue?, in folder: String) throws -> JSONValue {
        let path = try #require(path?.stringValue)
        return try #require(Repository.documents("\(folder)/\(path)").first)
    }

    private func cases(_ list: String, in path: String) throws -> [JSONValue] {
        let cases = try Repository.documents(path).first?[list]?.arrayValue ?? []
        try #require(!cases.isEmpty)
        return cases
    }

    @Test(arguments: ArgoCDScripts.kinds) func `health_test.yaml passes`(_ kind: String) async throws {
        let folder = "\(ArgoCDScripts.folder)/\(kind)"
        let script = LuaScript(path: "\(folder)/health.lua")
        for test in try cases("tests", in: "\(folder)/health_test.yaml") {
            let result = try await script.result(for: object(test["inputPath"], in: folder))
            #expect(result == test["healthStatus"], "\(test["inputPath"]?.stringValue ?? "")")
        }
    }

    @Test(arguments: ArgoCDScripts.kinds) func `the discovery tests in action_test.yaml pass`(_ kind: String)
        async throws
    {
        let folder = "\(ArgoCDScripts.folder)/\(kind)/actions"
        let script = LuaScript(path: "\(folder)/discovery.lua")
        for test in try cases("discoveryTests", in: "\(folder)/action_test.yaml") {
            let result = try await script.result(for: object(test["inputPath"], in: folder))
            let actions = try #require(test["result"]?.arrayValue)
            #expect(actions.compactMap { $0["name"]?.stringValue }.sorted() == ArgoCDScripts.actions[kind])
            for var action in actions {
                let name = try #require(action["name"]?.stringValue)
                action["name"] = nil
                #expect(result[name] == action, "\(test["inputPath"]?.stringValue ?? ""): \(name)")
            }
        }
    }

    @Test(arguments: ArgoCDScripts.kinds) func `the action tests in action_test.yaml pass`(_ kind: String) async throws
    {
        let folder = "\(ArgoCDScripts.folder)/\(kind)/actions"
        let tests = try cases("actionTests", in: "\(folder)/action_test.yaml")
        #expect(Set(tests.compactMap { $0["action"]?.stringValue }).sorted() == ArgoCDScripts.actions[kind])
        for test in tests {
            let name = try #require(test["action"]?.stringValue)
            let script = LuaScript(path: "\(folder)/\(name)/action.lua")
            let result = try await script.result(for: object(test["inputPath"], in: folder)).withFixedRetry
            #expect(try result == object(test["expectedOutputPath"], in: folder), "\(name)")
        }
    }
}

extension JSONValue {
    /// The value with the same time for every request to retry a phase, if it is a time.
    fileprivate var withFixedRetry: JSONValue {
        let path = ["metadata", "annotations", "towline.dev/retry-requested-at"]
        guard let text = self[path: path]?.stringValue, (try? Date(text, strategy: .iso8601)) != nil else {
            return self
        }
        var fixed = self
        fixed[path: path] = "0001-01-01T00:00:00Z"
        return fixed
    }
}
