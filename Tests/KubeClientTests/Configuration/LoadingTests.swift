import KubeClient
import Testing

@Suite struct LoadingTests {
    private let fixture: CredentialFixture
    private var directory: String { fixture.directory }

    init() throws {
        fixture = try CredentialFixture()
    }

    private func writeConfig(_ name: String, server: String, current: String = "c") throws -> String {
        try fixture.write(
            name,
            """
            current-context: '\(current)'
            clusters: [{name: k, cluster: {server: '\(server)'}}]
            contexts: [{name: c, context: {cluster: k}}, {name: '\(server)', context: {cluster: k}}]
            """)
    }

    private func writeServiceAccount() throws {
        try fixture.write("account/token", "pod-token")
        try fixture.writePEM("account/ca.crt", "authority")
        try fixture.write("account/namespace", "payments\n")
    }

    private func load(
        explicitPath: String? = nil, context: String? = nil, _ environment: [String: String]
    ) throws -> ClusterConfiguration {
        try ClusterConfiguration.load(
            explicitPath: explicitPath, context: context, environment: environment,
            serviceAccountDirectory: directory + "/account", clock: fixture.clock)
    }

    @Test func theOrderOfPrecedence() throws {
        try writeServiceAccount()
        let explicit = try writeConfig("explicit", server: "https://explicit")
        var environment = ["HOME": directory + "/home"]
        #expect(throws: ConfigurationError.self) { try load(environment) }
        _ = try writeConfig("home/.kube/config", server: "https://home")
        #expect(try load(environment).server == "https://home")
        environment["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"
        environment["KUBERNETES_SERVICE_PORT"] = "443"
        #expect(try load(environment).server == "https://10.0.0.1:443")
        #expect(try load(context: "c", environment).server == "https://home")
        environment["KUBECONFIG"] = try writeConfig("listed", server: "https://listed")
        #expect(try load(environment).server == "https://listed")
        #expect(try load(explicitPath: explicit, environment).server == "https://explicit")
        #expect(throws: ConfigurationError.self) { try load(explicitPath: directory + "/gone", environment) }
    }

    @Test func filesOfAListAreMerged() throws {
        let first = try writeConfig("first", server: "https://first", current: "")
        let second = try writeConfig("second", server: "https://second", current: "https://second")
        let list = ["KUBECONFIG": "\(directory)/gone:\(first)::\(second):\(first)"]
        // The entry k of the first file wins as a whole; the current context is the first that is set.
        let configuration = try load(list)
        #expect(configuration.server == "https://first")
        #expect(configuration.origin == "context \"https://second\" in \(second)")
        #expect(try load(context: "c", list).origin == "context \"c\" in \(first)")
        let error = #expect(throws: ConfigurationError.self) { try load(["KUBECONFIG": "/gone:/gone2"]) }
        #expect(error?.message.contains("none of these files exists") == true)
        #expect(throws: ConfigurationError.self) { try load(["KUBECONFIG": "\(first):\(directory)"]) }
    }

    @Test func aPodUsesItsServiceAccount() async throws {
        try writeServiceAccount()
        var environment = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"]
        let configuration = try load(environment)
        #expect(configuration.server == "https://[fd00::1]:6443")
        #expect(configuration.namespace == "payments")
        #expect(try await configuration.credentials.credential(refresh: false).authorization == "Bearer pod-token")
        #expect(try await configuration.tls.certificateAuthority?.certificates().isEmpty == false)
        environment["POD_NAMESPACE"] = "other"
        #expect(try load(environment).namespace == "other")
        environment["KUBERNETES_SERVICE_PORT"] = "tcp://10.0.0.1:443"
        #expect(throws: ConfigurationError.self) { try load(environment) }
    }

    @Test func aPodWithoutAServiceAccountIsToldSo() throws {
        var environment = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let error = #expect(throws: ConfigurationError.self) { try load(environment) }
        #expect(error?.message.contains("automountServiceAccountToken") == true)
        _ = try writeConfig("home/.kube/config", server: "https://home")
        environment["HOME"] = directory + "/home"
        #expect(try load(environment).server == "https://home")
    }
}
