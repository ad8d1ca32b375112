import Engines
import Foundation
import KubeClient
import TowlineAPI

extension FuzzTarget {
    private static let kubeconfigText = """
        apiVersion: v1
        kind: Config
        current-context: dev
        clusters:
        - name: one
          cluster: {server: "https://[::1]:6443/prefix", insecure-skip-tls-verify: true, tls-server-name: api}
        - name: two
          cluster: {server: "http://localhost:8080", certificate-authority: missing.crt, proxy-url: "http://p"}
        users:
        - name: basic
          user: {username: u, password: p, as: other, as-groups: [a, b], as-user-extra: {k: [v]}}
        - name: token
          user: {token: t, tokenFile: missing}
        - name: plugin
          user:
            exec:
              apiVersion: client.authentication.k8s.io/v1
              command: ./missing
              args: [a, "b"]
              env: [{name: N, value: V}]
              interactiveMode: Never
              installHint: none
        contexts:
        - name: dev
          context: {cluster: one, user: token, namespace: payments}
        - name: other
          context: {cluster: two, user: plugin}
        - name: third
          context: {cluster: one, user: basic}
        """

    /// Kubeconfig files that refer to missing files.
    static let kubeconfig = FuzzTarget(
        name: "kubeconfig", corpus: kubeconfigTexts
    ) { text, random in
        let path = NSTemporaryDirectory() + "/towline-fuzz-\(getpid())"
        try Data(text).write(to: URL(filePath: path))
        defer { unlink(path) }
        let context = [nil, "dev", "other", "third"].randomElement(using: &random) ?? nil
        do throws(ConfigurationError) {
            _ = try ClusterConfiguration.load(explicitPath: path, context: context, environment: [:])
            return true
        } catch {
            let text = "\(error)"
            try require(!text.isEmpty && text.utf8.count <= 4096, "an error of \(text.utf8.count) bytes")
            return false
        }
    }

    /// The text as YAML and as JSON.
    private static let kubeconfigTexts: [[UInt8]] = {
        let text = Array(kubeconfigText.utf8)
        let values = (try? YAML.documents(text, source: "corpus")) ?? []
        return [text] + values.map(\.encoded)
    }()

    /// Executions as a cache decodes them.
    static var execution: FuzzTarget {
        get throws {
            let manifests = try examples().flatMap { text in
                ((try? YAML.documents(text, source: "corpus")) ?? []).filter { $0["kind"] == "WorkflowExecution" }
            }
            let objects = manifests.map { manifest in
                var object = manifest.objectValue ?? JSONObject()
                // An execution that is stopped from the start gets no run.
                var spec = manifest["spec"]?.objectValue ?? JSONObject()
                spec["shutdown"] = nil
                object["spec"] = .object(spec)
                var metadata = manifest["metadata"]?.objectValue ?? JSONObject()
                metadata["uid"] = "3f9c2a71-d000-4000-8000-000000000001"
                metadata["generation"] = 1
                object["metadata"] = .object(metadata)
                object["status"] = status
                return JSONValue.object(object)
            }
            return FuzzTarget(name: "execution", corpus: objects.map(\.encoded)) { text, random in
                var cursor = JSONCursor(text)
                let detail: ExecutionStatus.Detail = random.below(2) == 0 ? .everything : .whatReconcilingNeeds
                guard let execution = try? WorkflowExecution(reading: &cursor, keeping: detail) else { return false }
                if let spec = execution.spec {
                    _ = spec.validate()
                    _ = AllowedSources(registries: ["registry.example/a"], resolvers: ["git"]).problems(of: spec)
                }
                for engine in EngineRegistry.all {
                    guard
                        let run = engine.makeRun(
                            for: execution, named: execution.runName, labels: RunLabels().labels(for: execution))
                    else { continue }
                    let made = try JSONValue(parsing: run)
                    let name = made["metadata"]?["name"]?.stringValue ?? ""
                    try require((1...63).contains(name.utf8.count), "a run named \(name)")
                }
                return true
            }
        }
    }

    private static let status: JSONValue = [
        "observedGeneration": 1, "phase": "Running", "reason": "Executing", "message": "m", "engine": "tekton",
        "startedAt": "2026-01-01T10:00:00Z", "updatedAt": "2026-01-01T10:00:00.000001Z", "progress": "1/2",
        "executed": true, "runRef": ["apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "name": "r", "uid": "u"],
        "failure": ["task": "a", "exitCode": 3], "outputs": [["name": "a", "value": "b"]],
        "conditions": [
            ["type": "Ready", "status": "False", "reason": "Executing", "lastTransitionTime": "2026-01-01T10:00:00Z"]
        ],
    ]
}
