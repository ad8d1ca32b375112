import Foundation
import KubeClient
import TestSupport
import Testing

/// What Helm makes of the chart. Skipped where `helm` is not on PATH.
@Suite(.enabled(if: Tool.installed("helm") != nil, "helm is not installed")) struct ChartRenderingTests {
    /// Releases that differ in what is switched on.
    static let releases: [String] = [
        "replicas=2",
        "watchNamespaces={payments,orders}",
        "engines.argo.enabled=false,crds.keep=false,rbac.userRoles=false,admissionPolicy.mode=Deny",
        "metrics.podMonitor.enabled=true,metrics.rules.enabled=true,metrics.dashboard.enabled=true",
        "metrics.serviceMonitor.enabled=true,priorityClassName=system-cluster-critical",
        "enabled=true,global.team=a,resources.limits.ephemeral-storage=1Gi,extraArgs={--poll-interval=5s}",
        "fullnameOverride=other,serviceAccount.name=another,podLabels.team=platform,logLevel=debug",
    ]

    private func render(_ settings: String = "replicas=2") async throws -> Installation {
        let helm = try #require(Tool.installed("helm"))
        let yaml = try await helm(
            "template", "towline", ChartSchemaTests.folder, "--namespace", "towline-system", "--set", settings)
        return try Installation(yaml: yaml, source: "the chart with \(settings)")
    }

    @Test func helmFindsNothingWrong() async throws {
        let helm = try #require(Tool.installed("helm"))
        _ = try await helm("lint", ChartSchemaTests.folder, "--strict")
    }

    @Test(arguments: releases) func aReleaseKeepsEveryRule(_ settings: String) async throws {
        let installation = try await render(settings)
        // Helm makes the namespace, or somebody has before: its labels are theirs.
        for rule in ManifestRule.all where rule.name != "the pods' namespace takes restricted pods only" {
            #expect(rule.violations(installation) == [], "\(rule.name)")
        }
    }

    @Test(arguments: [
        "imag.tag=1", "image.digest=sha256:abc", "replicas=two", "logLevel=loud", "watchNamespaces[0]=A_b",
        "metrics.podMonitor.enable=true", "engines.tekton.enabled=false,engines.argo.enabled=false",
        "networkPolicy.apiServer.ports[0]=0", "extraArgs={--leader-elect=false}", "extraArgs={--engine,argo}",
        "resources.limits.memory.Mi=1",
    ]) func whatIsNoValueIsRefused(_ settings: String) async throws {
        await #expect(throws: Tool.Failure.self) { _ = try await render(settings) }
    }

    /// The chart and the overlay install the same pods with the same rights, whatever their labels.
    @Test func itInstallsWhatTheOverlayDoes() async throws {
        let (chart, file) = (try await render(), try Installation.singleFile())
        for kind in ["Deployment", "NetworkPolicy", "PodDisruptionBudget", "ServiceAccount", "Service"] {
            #expect(chart.objects(of: kind).map(\.essence) == file.objects(of: kind).map(\.essence), "\(kind)")
        }
        for kind in ["Role", "ClusterRole"] {
            func rules(_ installation: Installation) -> Set<JSONValue> {
                Set(installation.objects(of: kind).compactMap { $0["rules"] })
            }
            #expect(rules(chart) == rules(file), "\(kind)")
        }
        #expect(
            chart.objects(of: "CustomResourceDefinition").map { $0["spec"] }
                == file.objects(of: "CustomResourceDefinition").map { $0["spec"] })
    }

    @Test func theDefinitionStaysUnlessToldOtherwise() async throws {
        func policy(_ settings: String) async throws -> String? {
            try await render(settings).objects(of: "CustomResourceDefinition").first?
                .strings("metadata", "annotations")["helm.sh/resource-policy"]
        }
        #expect(try await policy("crds.keep=true") == "keep")
        #expect(try await policy("crds.keep=false") == nil)
        #expect(try await render("crds.install=false").objects(of: "CustomResourceDefinition").isEmpty)
    }

    @Test(arguments: [("tekton", "argoproj.io", "tekton.dev"), ("argo", "tekton.dev", "argoproj.io")])
    func anEngineThatIsOffHasNoRightsAndIsNotAskedAbout(_ on: String, _ missing: String, _ left: String) async throws {
        let installation = try await render("engines.\(on == "argo" ? "tekton" : "argo").enabled=false")
        let roles = installation.objects(of: "Role", "ClusterRole")
        let groups = Set(roles.flatMap { $0.list("rules") }.flatMap { $0.texts("apiGroups") })
        #expect(groups.contains(left) && !groups.contains(missing))
        #expect(installation.containers.contains { $0.container.texts("args").contains("--engine=\(on)") })
    }

    @Test(arguments: releases) func theOperatorUnderstandsItsArguments(_ settings: String) async throws {
        try await ArgumentTests.check(render(settings))
    }

    /// As the chart's page says for OpenShift.
    @Test func aUserOfNoneLeavesItToTheNamespace() async throws {
        let off = "podSecurityContext.runAsUser=null,podSecurityContext.runAsGroup=null"
        for (owner, template) in try await render(off).podTemplates {
            let context = template[path: ["spec", "securityContext"]]
            #expect(context?["runAsUser"] == nil && context?["runAsGroup"] == nil, "\(owner.identity)")
            #expect(context?["runAsNonRoot"] == true)
        }
    }

    @Test(arguments: ["warn", "deny"]) func thePolicyIsThatOfTheManifests(_ mode: String) async throws {
        let installation = try await render("admissionPolicy.mode=\(mode.capitalized)")
        let policy = try #require(installation.objects(of: "ValidatingAdmissionPolicy").first)
        #expect(policy["spec"] == (try Repository.documents("deploy/policy/base/policy.yaml")[0]["spec"]))
        let binding = try #require(installation.objects(of: "ValidatingAdmissionPolicyBinding").first)
        let original = try Repository.documents("deploy/policy/\(mode)/binding.yaml")[0]
        #expect(binding.texts("spec", "validationActions") == original.texts("spec", "validationActions"))
        #expect(binding[path: ["spec", "policyName"]]?.stringValue == policy.name)
    }

    @Test func servedNamespacesHaveRolesAndTheClusterNone() async throws {
        let installation = try await render("watchNamespaces={payments,orders}")
        #expect(installation.objects(of: "ClusterRoleBinding").isEmpty)
        let namespaces = Set(installation.objects(of: "RoleBinding").compactMap(\.namespace))
        #expect(namespaces == ["payments", "orders", "towline-system"])
        let arguments = installation.containers.flatMap { $0.container.texts("args") }
        #expect(arguments.filter { $0.hasPrefix("--namespace=") } == ["--namespace=payments", "--namespace=orders"])
    }
}

extension JSONValue {
    /// The object without its metadata, without what is said of labels, and without the flags that name defaults.
    fileprivate var essence: JSONValue {
        var object = self
        object["metadata"] = nil
        return object.withoutLabels
    }

    private var withoutLabels: JSONValue {
        switch self {
        case .object(let members):
            var kept = JSONObject()
            for member in members {
                let isLabel =
                    ["labels", "matchLabels"].contains(member.key)
                    || member.key.hasPrefix("app.kubernetes.io/")
                if !isLabel { kept[member.key] = member.value.withoutLabels }
            }
            return .object(kept)
        case .array(let elements):
            return .array(elements.map(\.withoutLabels).filter { !Self.defaultFlags.contains($0) })
        default: return self
        }
    }

    private static let defaultFlags: Set<JSONValue> = [
        "--log-level=info", "--leader-elect-resource-name=towline-operator",
    ]
}
