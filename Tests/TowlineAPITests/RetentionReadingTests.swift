import KubeClient
import Testing
import TowlineAPI

/// What an execution's metadata says about how long it is kept.
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
    func aToolsAnnotationIsItsMark(_ key: String, _ mark: ManagementMark) throws {
        #expect(try retention(annotations: [key: "shop"]).management == mark)
    }

    @Test(arguments: [
        ("argocd.argoproj.io/instance", ManagementMark.argoInstance),
        ("kustomize.toolkit.fluxcd.io/name", .fluxKustomization), ("helm.toolkit.fluxcd.io/name", .fluxHelmRelease),
        ("resourceset.fluxcd.controlplane.io/name", .fluxResourceSet), ("kapp.k14s.io/app", .kapp),
        ("app.kubernetes.io/instance", .instance),
    ])
    func aToolsLabelIsItsMark(_ key: String, _ mark: ManagementMark) throws {
        #expect(try retention(labels: [key: "shop"]).management == mark)
    }

    @Test func whatPeopleWriteThemselvesIsNoMark() throws {
        let labels: JSONObject = ["app.kubernetes.io/name": "shop", "app.kubernetes.io/managed-by": "Helm"]
        let annotations: JSONObject = ["kubectl.kubernetes.io/last-applied-configuration": "{}"]
        #expect(try retention(annotations: annotations, labels: labels) == Retention())
    }

    /// A hook is created again by the next sync, not by self-heal, and Argo CD deletes it itself.
    @Test(arguments: [
        ("argocd.argoproj.io/hook", "PostSync", false), ("argocd.argoproj.io/hook", "Skip", true),
        ("helm.sh/hook", "post-install", false), ("helm.sh/hook", "crd-install", true),
    ])
    func aHookOfArgoIsNotManaged(_ key: String, _ value: String, _ isManaged: Bool) throws {
        let hook: JSONObject = ["argocd.argoproj.io/tracking-id": "shop", key: .string(value)]
        #expect(try (retention(annotations: hook).management != nil) == isManaged)
        let ofFlux = try retention(annotations: hook, labels: ["kustomize.toolkit.fluxcd.io/name": "shop"])
        #expect(ofFlux.management != nil)
    }

    @Test func theAnnotationOfArgoDecidesWhetherItIsAHook() throws {
        let skipped: JSONObject = [
            "argocd.argoproj.io/tracking-id": "shop", "argocd.argoproj.io/hook": "Skip", "helm.sh/hook": "post-install",
        ]
        #expect(try retention(annotations: skipped).management == .argoTracking)
    }

    /// helm-controller marks hooks as its own, and creates them with the next release only.
    @Test func aHookOfHelmIsNotManagedByItsRelease() throws {
        let labels: JSONObject = ["helm.toolkit.fluxcd.io/name": "shop"]
        #expect(try retention(annotations: ["helm.sh/hook": "post-upgrade"], labels: labels).management == nil)
        #expect(try retention(labels: labels).management == .fluxHelmRelease)
    }

    @Test(arguments: [("true", true), ("", true), ("yes", true), ("false", false)])
    func theKeepAnnotationKeepsUnlessItSaysFalse(_ value: String, _ isKept: Bool) throws {
        #expect(try retention(annotations: ["towline.dev/keep": .string(value)]).isKept == isKept)
    }

    @Test func aTimeOutOfBoundsDeletesNothing() throws {
        let longest = SpecLimits.ttlSeconds
        for (seconds, read) in [(0, 0), (longest, UInt32(longest)), (-1, nil), (longest + 1, nil), (.max, nil)] {
            let config: JSONValue = [
                "ttlSecondsAfterFinished": .integer(seconds), "runTTLSecondsAfterFinished": .integer(seconds),
            ]
            let retention = try retention(config: config)
            #expect(retention.executionSeconds == read && retention.runSeconds == read)
        }
    }

    @Test func itIsSmall() { #expect(MemoryLayout<Retention>.size <= 16) }
}
