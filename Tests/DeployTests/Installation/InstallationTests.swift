import Foundation
import KubeClient
import TestSupport
import Testing

/// Every way to install Towline follows every rule.
@Suite struct OverlayTests {
    @Test(arguments: ManifestRule.all) func `install.yaml follows every rule`(_ rule: ManifestRule) throws {
        #expect(rule.violations(try Installation.singleFile()) == [])
    }

    @Test(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed"), arguments: Installation.overlays)
    func `every overlay follows every rule`(_ name: String) async throws {
        let installation = try await Installation.overlay(name)
        for rule in ManifestRule.all {
            #expect(rule.violations(installation) == [], "\(rule.name)")
        }
    }

    @Test func `every overlay is tested`() throws {
        let folders = try Repository.files(below: "deploy/overlays").map { $0.split(separator: "/")[2] }
        #expect(Set(folders.map(String.init)) == Set(Installation.overlays))
    }

    @Test(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed"))
    func `the namespaced overlay has no permissions elsewhere`() async throws {
        let installation = try await Installation.overlay("namespaced")
        #expect(installation.objects(of: "ClusterRoleBinding").isEmpty)
        let deployment = try #require(installation.objects(of: "Deployment").first)
        let arguments = deployment.list("spec", "template", "spec", "containers").flatMap { $0.texts("args") }
        let served = arguments.compactMap { $0.split(separator: "=").last.map(String.init) }
        let namespaces = Set(installation.objects(of: "Role").compactMap(\.namespace)).subtracting(["towline-system"])
        #expect(!namespaces.isEmpty)
        #expect(namespaces.isSubset(of: served), "each of them has its --namespace")
    }
}

/// `deploy/install.yaml` is what `make manifests` writes.
@Suite struct InstallFileTests {
    @Test(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed"))
    func `install.yaml is current`() async throws {
        let written = try Installation.singleFile().objects
        let rendered = try await Installation.overlay("cluster-wide").objects
        #expect(written.map(\.identity) == rendered.map(\.identity), "run: make manifests")
        for (left, right) in zip(written, rendered) {
            #expect(left == right, "\(left.identity) is stale; run: make manifests")
        }
    }

    /// The version is set in the product and in the release component only.
    @Test func `install.yaml installs this version`() throws {
        let version = try Repository.version()
        let installation = try Installation.singleFile()
        #expect(installation.containers.map { $0.container["image"] } == [.string("towline:\(version)")])
        for object in installation.objects { #expect(object.labels["app.kubernetes.io/version"] == version) }
    }
}

/// The operator accepts the arguments of every manifest.
@Suite struct ArgumentTests {
    /// Runs the operator with its arguments and `--print-config`.
    static func check(_ installation: Installation) async throws {
        let operators = installation.containers.filter { $0.container["name"] == "operator" }
        #expect(!operators.isEmpty)
        for (path, container) in operators {
            #expect(container.list("env").isEmpty, "\(path): environment variables are not checked here")
            let printed = try await Tool(executable: Repository.builtProgram("towline"))
                .output(container.texts("args") + ["--print-config"])
            #expect(printed.contains("leaderElect: true"), "\(path)")
        }
    }

    @Test func `accepts the arguments in install.yaml`() async throws {
        try await Self.check(Installation.singleFile())
    }

    @Test(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed"), arguments: Installation.overlays)
    func `accepts the arguments of every overlay`(_ name: String) async throws {
        try await Self.check(Installation.overlay(name))
    }

    @Test func `an unknown argument fails the check`() async throws {
        var installation = try Installation.singleFile()
        for index in installation.objects.indices where installation.objects[index].kind == "Deployment" {
            installation.objects[index][path: ["spec", "template", "spec", "containers"]] = [
                ["name": "operator", "args": ["operator", "--leader-elekt"]]
            ]
        }
        await #expect(throws: Tool.Failure.self) { try await Self.check(installation) }
    }
}

/// Kustomizations that users write: an overlay or the base, with components.
@Suite(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed")) struct ComponentTests {
    /// Builds a folder `towline` with these files, next to a copy of the manifests.
    private func build(_ files: [String: String]) async throws -> Installation {
        let folder = URL.temporaryDirectory.appending(path: "towline-components-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for part in ["deploy", "crds"] {
            try FileManager.default.copyItem(at: Repository.file(part), to: folder.appending(path: part))
        }
        for (name, text) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        let kubectl = try #require(Tool.installed("kubectl"))
        let yaml = try await kubectl("kustomize", folder.appending(path: "towline").path)
        return try Installation(yaml: yaml, source: "towline")
    }

    private func build(_ overlay: String, with components: String...) async throws -> Installation {
        let list = components.map { "  - ../deploy/components/\($0)\n" }.joined()
        return try await build([
            "towline/kustomization.yaml": "resources: [../deploy/overlays/\(overlay)]\ncomponents:\n\(list)"
        ])
    }

    private func groups(_ installation: Installation) -> Set<String> {
        let roles = installation.objects(of: "Role", "ClusterRole").filter { $0.name.hasPrefix("towline-operator") }
        return Set(roles.flatMap { $0.list("rules") }.flatMap { $0.texts("apiGroups") })
    }

    @Test(arguments: ["cluster-wide", "namespaced"], [("argo", "tekton"), ("tekton", "argo")])
    func `a component leaves out an engine`(_ overlay: String, _ engines: (out: String, left: String)) async throws {
        let installation = try await build(overlay, with: "without-\(engines.out)")
        let api = ["argo": "argoproj.io", "tekton": "tekton.dev"]
        #expect(groups(installation).contains(try #require(api[engines.left])))
        #expect(!groups(installation).contains(try #require(api[engines.out])))
        let bindings = installation.objects(of: "RoleBinding", "ClusterRoleBinding").map(\.name)
        #expect(bindings.contains("towline-operator-\(engines.left)"))
        #expect(!bindings.contains("towline-operator-\(engines.out)"))
        #expect(installation.containers.contains { $0.container.texts("args").contains("--engine=\(engines.left)") })
        try await ArgumentTests.check(installation)
    }

    @Test func `the OpenShift component lets the namespace assign the user`() async throws {
        let installation = try await build("cluster-wide", with: "openshift")
        for (owner, template) in installation.podTemplates {
            let context = template[path: ["spec", "securityContext"]]
            #expect(context?["runAsUser"] == nil && context?["runAsGroup"] == nil, "\(owner.identity)")
            #expect(context?["runAsNonRoot"] == true)
        }
        for rule in ManifestRule.all where !rule.violations(installation).isEmpty {
            #expect(rule.name.contains("user"), "\(rule.name): \(rule.violations(installation))")
        }
    }

    /// Installs the example for some namespaces exactly as the page shows it.
    @Test func `the install page's example serves only its namespaces`() async throws {
        let blocks = try Markdown(path: "docs/install.md").blocks(of: "yaml")
        let (main, role) = (try #require(blocks.first), try #require(blocks.last))
        try #require(blocks.count == 2 && main.hasPrefix("# towline/kustomization.yaml\n"))
        let installation = try await build([
            "towline/kustomization.yaml": main, "towline/payments/kustomization.yaml": role,
            "towline/orders/kustomization.yaml": role.replacing("namespace: payments", with: "namespace: orders"),
        ])
        #expect(installation.objects(of: "ClusterRoleBinding").isEmpty)
        for kind in ["Role", "RoleBinding"] {
            let namespaces = Set(installation.objects(of: kind).compactMap(\.namespace))
            #expect(namespaces == ["payments", "orders", "towline-system"], "\(kind)")
        }
        let deployment = try #require(installation.objects(of: "Deployment").first)
        #expect(deployment.namespace == "towline-system")
        #expect(installation.containers.first?.container["image"] == "registry.example/towline:0.1.0")
        let arguments = installation.containers.flatMap { $0.container.texts("args") }
        #expect(arguments.suffix(2) == ["--namespace=payments", "--namespace=orders"])
        try await ArgumentTests.check(installation)
        for rule in ManifestRule.all { #expect(rule.violations(installation) == [], "\(rule.name)") }
    }
}
