import Foundation
import KubeClient
import TestSupport
import Testing

/// The rendered chart. Skipped if `helm` is not on PATH.
@Suite(.enabled(if: Tool.installed("helm") != nil, "helm is not installed")) struct ChartRenderingTests {
    /// Releases with different values.
    static let releases: [String] = [
        "replicas=2",
        "watchNamespaces={payments,orders}",
        "engines.argo.enabled=false,crds.keep=false,rbac.userRoles=false,admissionPolicy.mode=Deny",
        "metrics.podMonitor.enabled=true,metrics.rules.enabled=true,metrics.dashboard.enabled=true",
        "metrics.serviceMonitor.enabled=true,priorityClassName=system-cluster-critical",
        "enabled=true,global.team=a,resources.limits.ephemeral-storage=1Gi,extraArgs={--log-time-encoding=epoch}",
        "fullnameOverride=other,serviceAccount.name=another,podLabels.team=platform,logLevel=debug",
        "commonLabels.team=platform,commonLabels.app\\.kubernetes\\.io/name=x,podLabels.team=other",
        "pollInterval=1m30s,workers=16,logFormat=text,networkPolicy.apiServer.ports={8443}",
        "allowedSources.registries={registry.example/workflows,docker.io},allowedSources.resolvers={git,none}",
        "links.presets.tekton-dashboard=https://tekton.example,links.templates.Logs=https://logs.example/\\{name\\}",
    ]

    private func render(_ settings: String = "replicas=2") async throws -> Installation {
        let helm = try #require(Tool.installed("helm"))
        let yaml = try await helm(
            "template", "towline", ChartSchemaTests.folder, "--namespace", "towline-system", "--set", settings)
        return try Installation(yaml: yaml, source: "the chart with \(settings)")
    }

    @Test func `helm lint passes`() async throws {
        let helm = try #require(Tool.installed("helm"))
        _ = try await helm("lint", ChartSchemaTests.folder, "--strict")
    }

    @Test(arguments: releases) func `every release follows every rule`(_ settings: String) async throws {
        let installation = try await render(settings)
        // The namespace is not part of the release.
        for rule in ManifestRule.all
        where rule.name != "the pods' namespace enforces the restricted pod security standard" {
            #expect(rule.violations(installation) == [], "\(rule.name)")
        }
    }

    @Test(arguments: [
        ("image.digest=sha256:abc", "/image/digest"), ("replicas=two", "/replicas"), ("logLevel=loud", "/logLevel"),
        ("watchNamespaces[0]=A_b", "/watchNamespaces/0"), ("metrics.podMonitor.enable=true", "'enable'"),
        ("networkPolicy.apiServer.ports[0]=0", "/networkPolicy/apiServer/ports/0"), ("workers=0", "/workers"),
        ("resources.limits.memory.Mi=1", "/resources/limits/memory"), ("pollInterval=10", "/pollInterval"),
        ("allowedSources.registries={registry.example/}", "/allowedSources/registries/0"),
        ("allowedSources.resolvers={bundles}", "/allowedSources/resolvers/0"),
        ("extraArgs={--allowed-registries=r.example}", "use allowedSources.registries"),
        ("links.presets.jaeger=https://a.example", "jaeger"), ("imag.tag=1", "imag is not a value of this chart"),
        ("replicaCount=3", "use replicas"), ("serviceMonitor.enabled=true", "use metrics.serviceMonitor"),
        ("engines.tekton.enabled=false,engines.argo.enabled=false", "engines.tekton.enabled or engines.argo.enabled"),
        ("extraArgs={--leader-elect=false}", "remove --leader-elect"), ("extraArgs={--engine,argo}", "such as"),
        ("extraArgs={--log-level=debug}", "use logLevel"), ("extraArgs={--zap-encoder=json}", "use logFormat"),
        ("extraArgs={--verbose=true}", "--verbose is unknown"),
        ("extraEnv[0].name=TOWLINE_POLL_INTERVAL", "use pollInterval"),
        ("extraEnv[0].name=TOWLINE_POL_INTERVAL", "TOWLINE_POL_INTERVAL is unknown"),
    ]) func `refuses invalid values and says what to use`(_ settings: String, _ message: String) async throws {
        let error = await #expect(throws: Tool.Failure.self) { _ = try await render(settings) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func `common labels are on every object and never replace the chart's own`() async throws {
        let settings = "commonLabels.team=platform,commonLabels.app\\.kubernetes\\.io/name=x"
        for object in try await render(settings).objects {
            #expect(object.labels["team"] == "platform", "\(object.identity)")
            #expect(object.labels["app.kubernetes.io/name"] == "towline", "\(object.identity)")
        }
    }

    /// The chart and the overlay install the same pods with the same permissions, except for labels.
    @Test func `installs the same as the overlay`() async throws {
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

    @Test func `keeps the definition unless crds.keep is false`() async throws {
        func policy(_ settings: String) async throws -> String? {
            try await render(settings).objects(of: "CustomResourceDefinition").first?
                .strings("metadata", "annotations")["helm.sh/resource-policy"]
        }
        #expect(try await policy("crds.keep=true") == "keep")
        #expect(try await policy("crds.keep=false") == nil)
        #expect(try await render("crds.install=false").objects(of: "CustomResourceDefinition").isEmpty)
    }

    @Test(arguments: [("tekton", "argoproj.io", "tekton.dev"), ("argo", "tekton.dev", "argoproj.io")])
    func `a disabled engine has no permissions and is not served`(_ on: String, _ missing: String, _ left: String)
        async throws
    {
        let installation = try await render("engines.\(on == "argo" ? "tekton" : "argo").enabled=false")
        let roles = installation.objects(of: "Role", "ClusterRole")
        let groups = Set(roles.flatMap { $0.list("rules") }.flatMap { $0.texts("apiGroups") })
        #expect(groups.contains(left) && !groups.contains(missing))
        #expect(installation.containers.contains { $0.container.texts("args").contains("--engine=\(on)") })
    }

    @Test(arguments: releases) func `the operator accepts the arguments of every release`(_ settings: String)
        async throws
    {
        try await ArgumentTests.check(render(settings))
    }

    /// As the chart's README says for OpenShift.
    @Test func `the user can be left to the namespace`() async throws {
        let off = "podSecurityContext.runAsUser=null,podSecurityContext.runAsGroup=null"
        for (owner, template) in try await render(off).podTemplates {
            let context = template[path: ["spec", "securityContext"]]
            #expect(context?["runAsUser"] == nil && context?["runAsGroup"] == nil, "\(owner.identity)")
            #expect(context?["runAsNonRoot"] == true)
        }
    }

    @Test(arguments: ["warn", "deny"]) func `the admission policies are the same as in deploy/policy`(_ mode: String)
        async throws
    {
        let word = mode.capitalized
        for (settings, folder, file) in [
            ("admissionPolicy.mode=\(word),admissionPolicy.runs=None", "deploy/policy", "base/policy.yaml"),
            ("admissionPolicy.mode=None,admissionPolicy.runs=\(word)", "deploy/policy/runs", "base/runs.yaml"),
        ] {
            let installation = try await render(settings)
            let policies = installation.objects(of: "ValidatingAdmissionPolicy")
            try #require(policies.count == 1)
            #expect(policies[0]["spec"] == (try Repository.documents("\(folder)/\(file)")[0]["spec"]))
            let binding = try #require(installation.objects(of: "ValidatingAdmissionPolicyBinding").first)
            let original = try Repository.documents("\(folder)/\(mode)/binding.yaml")[0]
            #expect(binding.texts("spec", "validationActions") == original.texts("spec", "validationActions"))
            #expect(binding[path: ["spec", "policyName"]]?.stringValue == policies[0].name)
        }
    }

    @Test func `only the policy for runs is enforced by default`() async throws {
        let bindings = try await render().objects(of: "ValidatingAdmissionPolicyBinding")
        #expect(bindings.map(\.name) == ["towline-operator-runs"])
        #expect(bindings.map { $0.texts("spec", "validationActions") } == [["Deny"]])
    }

    @Test func `only served namespaces have roles`() async throws {
        let installation = try await render("watchNamespaces={payments,orders}")
        #expect(installation.objects(of: "ClusterRoleBinding").isEmpty)
        let namespaces = Set(installation.objects(of: "RoleBinding").compactMap(\.namespace))
        #expect(namespaces == ["payments", "orders", "towline-system"])
        let arguments = installation.containers.flatMap { $0.container.texts("args") }
        #expect(arguments.filter { $0.hasPrefix("--namespace=") } == ["--namespace=payments", "--namespace=orders"])
    }
}

extension JSONValue {
    /// The object without metadata, labels, and flags that set defaults.
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
        "--poll-interval=10s", "--workers=8", "--log-level=info", "--log-format=json",
        "--leader-elect-resource-name=towline-operator",
    ]
}
