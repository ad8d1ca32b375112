import Foundation
import KubeClient
import TestSupport
import Testing

/// The cluster accepts `deploy/`: each overlay, the single file, and, if `helm` is installed, the chart.
@Suite(.serialized, .enabled(if: Kubectl.installed != nil, "kubectl is not installed")) struct ManifestTests {
    /// A separate cluster, since overlays create and delete the same objects.
    private static let starting = Task { try await prepare() }

    private static func prepare() async throws -> PageReader {
        let cluster = try await TestCluster.another()
        for definition in monitoringDefinitions { try await cluster.access.create(Types.definition, nil, definition) }
        let reader = try PageReader(cluster, with: ["deploy", "crds"])
        // A dry run stores nothing, so the namespaces of namespaced objects must already exist.
        let namespaces = """
            kubectl apply -f deploy/base/namespace.yaml
            kubectl create namespace workflows
            kubectl wait --for=condition=Established crd --all --timeout=60s
            """
        let result = try await reader.run(namespaces)
        try #require(result.exitCode == 0, "\(result.errorOutput)")
        return reader
    }

    static let overlays =
        (try? FileManager.default.contentsOfDirectory(
            atPath: Repository.file("deploy/overlays").path))?.sorted() ?? []

    @Test(.enabled(if: !isOnExistingCluster, "it would install Towline"), arguments: overlays)
    func `applies every overlay`(_ name: String) async throws {
        let reader = try await Self.starting.value
        let dry = try await reader.run("kubectl apply --dry-run=server -k deploy/overlays/\(name)")
        #expect(dry.exitCode == 0, "\(dry.errorOutput)")
        #expect(dry.output.contains("deployment.apps/towline-operator created (server dry run)"))
        let served = try await reader.run("kubectl apply --server-side -k deploy/overlays/\(name)")
        #expect(served.exitCode == 0, "\(served.errorOutput)")
        let again = try await reader.run("kubectl diff --server-side -k deploy/overlays/\(name)")
        #expect(again.exitCode == 0, "what was applied is what is there: \(again.output)\(again.errorOutput)")
        let removed = try await reader.run("kubectl -n towline-system delete deployment towline-operator")
        #expect(removed.exitCode == 0, "\(removed.errorOutput)")
    }

    @Test(.enabled(if: !isOnExistingCluster, "it would install Towline"))
    func `applies install.yaml`() async throws {
        let reader = try await Self.starting.value
        let dry = try await reader.run("kubectl apply --dry-run=server -f deploy/install.yaml")
        #expect(dry.exitCode == 0, "\(dry.errorOutput)")
    }

    @Test(
        .enabled(if: !isOnExistingCluster, "it would bind everybody"),
        arguments: ["deny", "warn", "runs/deny", "runs/warn"])
    func `applies the admission policies`(_ variant: String) async throws {
        let reader = try await Self.starting.value
        let dry = try await reader.run("kubectl apply --dry-run=server -k deploy/policy/\(variant)")
        #expect(dry.exitCode == 0, "\(dry.errorOutput)")
        #expect(!dry.errorOutput.contains("Warning"), "its expressions fit the definition: \(dry.errorOutput)")
    }

    @Test(.enabled(if: !isOnExistingCluster && hasHelm, "helm is not installed"))
    func `applies the chart`() async throws {
        let reader = try await Self.starting.value
        let dry = try await reader.run(
            """
            helm template towline deploy/chart/towline --namespace towline-system \
              --set metrics.podMonitor.enabled=true,metrics.rules.enabled=true,admissionPolicy.mode=Warn > chart.yaml
            kubectl apply --dry-run=server -f chart.yaml
            """)
        #expect(dry.exitCode == 0, "\(dry.errorOutput)")
    }

    private static let isOnExistingCluster = ProcessInfo.processInfo.environment["USE_EXISTING_CLUSTER"] == "true"
    private static let hasHelm = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/helm")
    }

    /// Minimal definitions of the Prometheus Operator's kinds.
    private static let monitoringDefinitions: [JSONValue] = [
        ("PodMonitor", "podmonitors"), ("ServiceMonitor", "servicemonitors"), ("PrometheusRule", "prometheusrules"),
    ].map { kind, plural in
        [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).monitoring.coreos.com")],
            "spec": [
                "group": "monitoring.coreos.com", "scope": "Namespaced",
                "names": [
                    "kind": .string(kind), "listKind": .string("\(kind)List"), "plural": .string(plural),
                    "singular": .string(kind.lowercased()),
                ],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "schema": [
                            "openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
                        ],
                    ]
                ],
            ],
        ]
    }
}
