import KubeClient
import Testing
import TowlineAPI

/// How an execution's metadata decides how long it is kept.
@Suite struct RetentionReadingTests {
    private func retention(
        annotations: JSONObject = [:], labels: JSONObject = [:], config: JSONValue = [:]
    ) throws -> Retention {
        let object: JSONValue = [
            "metadata": [
                "name": "a", "uid": "u", "annotations": .object(annotations), "labels": .object(labels),
            ],
            "spec": ["workflowRef": ["workflowId": "w"], "executionConfig": config],
        ]
        var cursor = JSONCursor(object.encoded)
        return try WorkflowExecution.storeDecoder(&cursor).retention
    }

    @Test(arguments: [
        ("argocd.argoproj.io/tracking-id", ManagementMark.argoTracking), ("meta.helm.sh/release-name", .helmRelease),
        ("config.k8s.io/owning-inventory", .inventory),
    ])
    func `a GitOps tool's annotation marks an execution as managed`(_ key: String, _ mark: ManagementMark) throws {
        #expect(try retention(annotations: [key: "shop"]).management == mark)
    }

    @Test(arguments: [
        ("argocd.argoproj.io/instance", ManagementMark.argoInstance),
        ("kustomize.toolkit.fluxcd.io/name", .fluxKustomization), ("helm.toolkit.fluxcd.io/name", .fluxHelmRelease),
        ("resourceset.fluxcd.controlplane.io/name", .fluxResourceSet), ("kapp.k14s.io/app", .kapp),
        ("app.kubernetes.io/instance", .instance),
    ])
    func `a GitOps tool's label marks an execution as managed`(_ key: String, _ mark: ManagementMark) throws {
        #expect(try retention(labels: [key: "shop"]).management == mark)
    }

    @Test func `common labels and annotations do not mark an execution as managed`() throws {
        let labels: JSONObject = ["app.kubernetes.io/name": "shop", "app.kubernetes.io/managed-by": "Helm"]
        let annotations: JSONObject = ["kubectl.kubernetes.io/last-applied-configuration": "{}"]
        #expect(try retention(annotations: annotations, labels: labels) == Retention())
    }

    /// The next sync creates a hook again, self-heal does not; and Argo CD deletes it.
    @Test(arguments: [
        ("argocd.argoproj.io/hook", "PostSync", false), ("argocd.argoproj.io/hook", "Skip", true),
        ("helm.sh/hook", "post-install", false), ("helm.sh/hook", "crd-install", true),
    ])
    func `an Argo CD hook is not managed`(_ key: String, _ value: String, _ isManaged: Bool) throws {
        let hook: JSONObject = ["argocd.argoproj.io/tracking-id": "shop", key: .string(value)]
        #expect(try (retention(annotations: hook).management != nil) == isManaged)
        let ofFlux = try retention(annotations: hook, labels: ["kustomize.toolkit.fluxcd.io/name": "shop"])
        #expect(ofFlux.management != nil)
    }

    @Test func `Argo CD's hook annotation takes precedence over Helm's`() throws {
        let skipped: JSONObject = [
            "argocd.argoproj.io/tracking-id": "shop", "argocd.argoproj.io/hook": "Skip", "helm.sh/hook": "post-install",
        ]
        #expect(try retention(annotations: skipped).management == .argoTracking)
    }

    /// helm-controller labels hooks too, but creates them only with the next release.
    @Test func `a Helm hook is not managed by its release`() throws {
        let labels: JSONObject = ["helm.toolkit.fluxcd.io/name": "shop"]
        #expect(try retention(annotations: ["helm.sh/hook": "post-upgrade"], labels: labels).management == nil)
        #expect(try retention(labels: labels).management == .fluxHelmRelease)
    }

    @Test(arguments: [("true", true), ("", true), ("yes", true), ("false", false)])
    func `the keep annotation keeps an execution unless its value is false`(_ value: String, _ isKept: Bool) throws {
        #expect(try retention(annotations: ["towline.dev/keep": .string(value)]).isKept == isKept)
    }

    @Test func `a TTL out of bounds deletes nothing`() throws {
        let longest = SpecLimits.ttlSeconds
        for (seconds, read) in [(0, 0), (longest, UInt32(longest)), (-1, nil), (longest + 1, nil), (.max, nil)] {
            let config: JSONValue = [
                "ttlSecondsAfterFinished": .integer(seconds), "runTTLSecondsAfterFinished": .integer(seconds),
            ]
            let retention = try retention(config: config)
            #expect(retention.executionSeconds == read && retention.runSeconds == read)
        }
    }

    @Test func `a retention fits into 16 bytes`() { #expect(MemoryLayout<Retention>.size <= 16) }
}
