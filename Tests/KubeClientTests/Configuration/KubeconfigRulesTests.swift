import Foundation
import KubeClient
import Testing

/// Rules of client-go's loader that are easy to miss; docs/configuration.md lists all rules.
@Suite struct KubeconfigRulesTests {
    private let fixture: CredentialFixture

    init() throws {
        fixture = try CredentialFixture()
    }

    private func text(cluster: String = "{server: https://one:6443}", user: String = "{}") -> String {
        """
        current-context: c
        clusters: [{name: one, cluster: \(cluster)}]
        users: [{name: u, user: \(user)}]
        contexts: [{name: c, context: {cluster: one, user: u}}]
        """
    }

    private func load(_ text: String, environment: [String: String] = [:]) throws -> ClusterConfiguration {
        try ClusterConfiguration.load(
            explicitPath: fixture.write("home/config", text), environment: environment, clock: fixture.clock)
    }

    private func credential(_ user: String) async throws -> Credential {
        try await load(text(user: user)).credentials.credential(refresh: false)
    }

    // MARK: The text

    @Test func `the last value of a duplicate key wins`() throws {
        #expect(try load(text(cluster: "{server: https://gone, server: https://one}")).server == "https://one")
    }

    @Test func `ignores unknown fields and tags`() async throws {
        let text = text(
            cluster: "!k {server: !mine https://one, certificate: 7, extensions: [{name: a, extension: 1}]}")
        #expect(try load("preferences: {colors: true}\nmore: [1]\n" + text).server == "https://one")
    }

    @Test func `decodes binary scalars`() async throws {
        #expect(try await credential("{token: !!binary YWJj}") == Credential(bearerToken: "abc"))
        let error = #expect(throws: ConfigurationError.self) { try load(text(user: "{token: !!binary hush}")) }
        #expect(error?.message.contains("hush") == false)
    }

    @Test func `accepts line breaks in base64 data`() async throws {
        let user = "\n  client-certificate-data: |\n    AQ\n    I=\n  client-key-data: \"A\\\n    w==\""
        let text = """
            current-context: c
            clusters: [{name: one, cluster: {server: https://one}}]
            contexts: [{name: c, context: {cluster: one, user: u}}]
            users:
            - name: u
              user: \(user.replacingOccurrences(of: "\n", with: "\n    "))
            """
        #expect(
            try await load(text).credentials.credential(refresh: false).clientCertificate
                == ClientCertificate(certificate: [1, 2], key: [3]))
    }

    @Test(arguments: ["yes", "Yes", "on", "y", "true", "!!bool on"])
    func `accepts booleans of YAML 1.1`(_ word: String) throws {
        #expect(
            try load(text(cluster: "{server: https://one, insecure-skip-tls-verify: \(word)}")).tls.skipsVerification)
    }

    @Test func `reads only the first document`() throws {
        #expect(try load("---\n" + text() + "\n---\ncurrent-context: d\n--- [\n").server == "https://one:6443")
    }

    @Test func `accepts JSON with a byte order mark`() throws {
        let json = """
            \u{FEFF}{"current-context": "c", "clusters": [{"name": "k", "cluster": {"server": "https://one"}}],
            "contexts": [{"name": "c", "context": {"cluster": "k"}}], "users": null}
            """
        #expect(try load(json).server == "https://one")
    }

    @Test func `reads a file with hundreds of clusters`() throws {
        let data = String(repeating: "QUJD", count: 2000)
        let clusters = (0..<300).map {
            "- {name: k\($0), cluster: {server: https://k, certificate-authority-data: \(data)}}"
        }
        let config = "current-context: c\ncontexts: [{name: c, context: {cluster: k299}}]\nclusters:\n"
        #expect(try load(config + clusters.joined(separator: "\n")).server == "https://k")
    }

    @Test func `rejects files larger than 16 MiB`() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try load("# " + String(repeating: "x", count: 16 << 20))
        }
        #expect(error?.message.contains("larger than 16777216 bytes") == true)
    }

    @Test func `a context without cluster and user uses the unnamed entries`() throws {
        let config = "contexts: [{context: {}}]\nclusters: [null, {name: other}, ]\n"
        let error = #expect(throws: ConfigurationError.self) { try load(config) }
        #expect(error?.message.contains("it has no server") == true)
        #expect(
            try load("contexts: [{context: {}}]\nclusters: [{cluster: {server: https://one}}]").server == "https://one")
    }

    // MARK: The cluster

    @Test(arguments: [
        ("localhost:8080", "http://localhost:8080"), ("HTTPS://One:6443", "https://One:6443"),
        ("https://one:6443/?x=1#y", "https://one:6443"), ("https://one/pre/fix/?x", "https://one/pre/fix"),
    ])
    func `normalizes server addresses like client-go`(_ written: String, _ server: String) throws {
        #expect(try load(text(cluster: "{server: '\(written)'}")).server == server)
    }

    @Test func `a server without a scheme uses plain HTTP regardless of TLS settings`() async throws {
        let configuration = try load(
            text(
                cluster: "{server: 'one:6443', insecure-skip-tls-verify: true, certificate-authority: gone}",
                user: "{token: abc, auth-provider: {name: gcp}}"))
        #expect(configuration.server == "http://one:6443")
        #expect(configuration.tls.certificateAuthority == nil && !configuration.tls.skipsVerification)
        #expect(try await configuration.credentials.credential(refresh: false) == .none)
    }

    @Test func `compression can be disabled`() throws {
        #expect(try load(text()).asksForCompression)
        #expect(try !load(text(cluster: "{server: https://one, disable-compression: true}")).asksForCompression)
    }

    @Test func `accepts an upper-case scheme of a proxy`() throws {
        #expect(try load(text(cluster: "{server: https://one, proxy-url: 'SOCKS5://p:1'}")).proxyURL == "socks5://p:1")
    }

    // MARK: The user

    @Test func `trims trailing white space of a token`() async throws {
        #expect(try await credential("{token: 'abc \t '}") == Credential(bearerToken: "abc"))
    }

    @Test func `ignores a key without a certificate`() async throws {
        #expect(try await credential("{client-key: gone, token: abc}") == Credential(bearerToken: "abc"))
    }

    @Test func `does not run the plugin if a certificate exists`() async throws {
        let exec = "exec: {apiVersion: client.authentication.k8s.io/v1, command: gone, interactiveMode: Never}"
        #expect(
            try await credential("{client-certificate-data: AQI=, client-key-data: Aw==, \(exec)}")
                == Credential(clientCertificate: ClientCertificate(certificate: [1, 2], key: [3])))
    }

    // MARK: Which files

    @Test func `uses the service account if no file chooses a context`() throws {
        try fixture.write("account/token", "pod-token")
        try fixture.writePEM("account/ca.crt", "authority")
        let empty = try fixture.write("empty", "")
        var environment = [
            "KUBECONFIG": "/gone:\(empty)", "KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443",
        ]
        func load(context: String? = nil) throws -> ClusterConfiguration {
            try ClusterConfiguration.load(
                context: context, environment: environment, serviceAccountDirectory: fixture.directory + "/account",
                clock: fixture.clock)
        }
        #expect(try load().origin == "the pod's service account")
        environment["KUBECONFIG"] = "/gone"
        #expect(try load().origin == "the pod's service account")
        #expect(throws: ConfigurationError.self) { try load(context: "c") }
        environment["KUBERNETES_SERVICE_HOST"] = nil
        let error = #expect(throws: ConfigurationError.self) { try load() }
        #expect(error?.message.contains("none of these files exist") == true)
        // An explicit context is never replaced by the service account.
        environment["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"
        #expect(throws: ConfigurationError.self) {
            try ClusterConfiguration.load(
                explicitPath: empty, environment: environment,
                serviceAccountDirectory: fixture.directory + "/account", clock: fixture.clock)
        }
    }
}
