import Foundation
import KubeClient
import Testing

@Suite struct KubeconfigTests {
    private let fixture: CredentialFixture

    init() throws {
        fixture = try CredentialFixture()
    }

    /// A kubeconfig with one cluster, user and context; the arguments are their fields as flow mappings.
    private func text(cluster: String = "{server: https://one:6443}", user: String = "{}", context: String = "")
        -> String
    {
        """
        apiVersion: v1
        kind: Config
        current-context: c
        clusters: [{name: one, cluster: \(cluster)}]
        users: [{name: u, user: \(user)}]
        contexts: [{name: c, context: {cluster: one, user: u\(context)}}]
        """
    }

    private func load(_ text: String, context: String? = nil) throws -> ClusterConfiguration {
        let path = try fixture.write("home/config", text)
        return try ClusterConfiguration.load(
            explicitPath: path, context: context, environment: [:], clock: fixture.clock)
    }

    private func failure(_ text: String, context: String? = nil) -> String {
        let error = #expect(throws: ConfigurationError.self) { try load(text, context: context) }
        return error?.message.replacingOccurrences(of: fixture.directory, with: "DIR") ?? ""
    }

    private func credential(_ user: String) async throws -> Credential {
        try await load(text(user: user)).credentials.credential(refresh: false)
    }

    @Test func `resolves cluster, user and namespace of a context`() throws {
        let configuration = try load(
            text(
                cluster: "{server: 'https://one:6443/prefix/', tls-server-name: api, proxy-url: 'socks5://p:1080'}",
                context: ", namespace: payments"))
        #expect(configuration.server == "https://one:6443/prefix")
        #expect(configuration.tls.serverName == "api")
        #expect(configuration.proxyURL == "socks5://p:1080")
        #expect(configuration.namespace == "payments")
        #expect(configuration.origin == "context \"c\" in \(fixture.directory)/home/config")
        #expect(try load(text()).namespace == "default")
    }

    @Test(arguments: [
        ("{server: 'localhost:8080'}", "http://localhost:8080"),
        ("{server: 'localhost:6443', insecure-skip-tls-verify: true}", "http://localhost:6443"),
        ("{server: 'http://[::1]:8080/'}", "http://[::1]:8080"),
    ])
    func `accepts a server without a scheme`(_ cluster: String, _ server: String) throws {
        #expect(try load(text(cluster: cluster)).server == server)
    }

    @Test func `supports each kind of credential`() async throws {
        try fixture.write("home/token", "filed")
        let pair = ClientCertificate(certificate: [1, 2], key: [3])
        #expect(try await credential("{}") == .none)
        #expect(try await credential("{token: abc}") == Credential(bearerToken: "abc"))
        #expect(try await credential("{tokenFile: token, token: abc}") == Credential(bearerToken: "filed"))
        #expect(try await credential("{tokenFile: gone, token: abc}") == Credential(bearerToken: "abc"))
        #expect(try await credential("{username: a, password: b}") == Credential(username: "a", password: "b"))
        let certificate = "client-certificate-data: AQI=, client-key-data: Aw=="
        #expect(try await credential("{\(certificate)}") == Credential(clientCertificate: pair))
        #expect(
            try await credential("{\(certificate), client-key: gone, token: abc}")
                == Credential(authorization: "Bearer abc", clientCertificate: pair))
    }

    @Test func `resolves paths relative to their file`() async throws {
        let authority = try fixture.writePEM("home/pki/ca.crt", "authority")
        let certificate = try fixture.writePEM("home/pki/tls.crt", "certificate")
        let key = try fixture.writePEM("elsewhere/tls.key", "key")
        let configuration = try load(
            text(
                cluster: "{server: https://one, certificate-authority: pki/ca.crt}",
                user: "{client-certificate: ./pki/tls.crt, client-key: \(fixture.directory)/elsewhere/tls.key}"))
        #expect(try await configuration.tls.certificateAuthority?.certificates() == authority)
        #expect(
            try await configuration.credentials.credential(refresh: false).clientCertificate
                == ClientCertificate(certificate: certificate, key: key))
    }

    @Test func `inline data wins over a file`() async throws {
        let configuration = try load(
            text(cluster: "{server: https://one, certificate-authority: gone, certificate-authority-data: AQI=}"))
        #expect(try await configuration.tls.certificateAuthority?.certificates() == [1, 2])
    }

    @Test func `sends no secrets over plain HTTP`() async throws {
        let configuration = try load(text(cluster: "{server: 'http://one'}", user: "{token: abc, as: jane}"))
        #expect(try await configuration.credentials.credential(refresh: false) == .none)
        #expect(configuration.impersonation?.user == "jane")
    }

    @Test func `sends the headers of an impersonated user`() throws {
        let user = "{as: jane, as-uid: '7', as-groups: [a, b], as-user-extra: {Example.com/Scope: [x, y]}}"
        let headers = try load(text(user: user)).impersonation?.headers.map { "\($0.name): \($0.value)" }
        #expect(
            headers == [
                "Impersonate-User: jane", "Impersonate-Uid: 7", "Impersonate-Group: a", "Impersonate-Group: b",
                "Impersonate-Extra-example.com%2Fscope: x", "Impersonate-Extra-example.com%2Fscope: y",
            ])
        #expect(try load(text()).impersonation == nil)
    }

    @Test(arguments: [
        ("{token: abc, username: a}", "both a token and a username"), ("{token: 12}", "token must be a string"),
        ("{token: 'a b'}", "token has white space"), ("{as-groups: [a]}", "need a user; add as"),
        ("{client-certificate-data: AQI=}", "no client-key"),
        ("{client-key: a, client-certificate-data: '*'}", "base64"),
        ("{auth-provider: {name: oidc}}", "use an exec plugin"), ("{exec: []}", "exec must be a mapping"),
        ("{exec: {apiVersion: v9, command: c}}", "\"v9\" is not supported"),
        ("{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}", "no command"),
        ("{exec: {apiVersion: client.authentication.k8s.io/v1, command: c}}", "set it to Never"),
        ("{exec: {apiVersion: client.authentication.k8s.io/v1, command: c, interactiveMode: Always}}", "no terminal"),
        ("{exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: c, env: [{}]}}", "the name is missing"),
        (#"{as: "jane\r\nHost: x"}"#, "must not contain control characters"),
    ])
    func `names the user in errors`(_ user: String, _ problem: String) {
        let message = failure(text(user: user))
        #expect(message.hasPrefix("user \"u\" in DIR/home/config"))
        #expect(message.contains(problem), "\(message)")
    }

    @Test(arguments: [
        ("{}", "it has no server"), ("{server: 'ftp://one'}", "not a URL such as"),
        ("{server: 'https://'}", "not a URL"),
        ("{server: 'https://a b'}", "not a URL"), ("{server: 'https://a:b@one'}", "has a user name in its URL"),
        ("{server: https://one, proxy-url: 'one:80'}", "proxy-url must start with"),
        ("{server: https://one, tls-server-name: 'a b'}", "must be a host name"),
        ("{server: https://one, insecure-skip-tls-verify: 1}", "must be true or false"),
        ("{server: https://one, insecure-skip-tls-verify: true, certificate-authority: a}", "mutually exclusive"),
    ])
    func `names the cluster in errors`(_ cluster: String, _ problem: String) {
        let message = failure(text(cluster: cluster))
        #expect(message.hasPrefix("cluster \"one\" in DIR/home/config: "))
        #expect(message.contains(problem), "\(message)")
    }

    /// Also if the password has characters that end the user information of a URL, or makes the URL invalid.
    @Test(arguments: [
        "https://jane:hunter2@one", "jane:hunter2@one:6443", "https://jane:hunter2@", "https://jane:hunter2@a b",
        "https://jane:hunter2/x@one", "https://jane:1?hunter2@one", "https://jane:1#hunter2@one", "https://hunter2@one",
        "ftp://jane:hunter2@one", "https://jane:hunter2\\@one", "https://a b?token=hunter2", "https://a b#hunter2",
        "HTTPS://jane:hunter2@one/prefix",
    ])
    func `no error and no address contains a password of the server's URL`(_ server: String) throws {
        let message = failure(text(cluster: "{server: '\(server)'}"))
        #expect(message.hasPrefix("cluster \"one\" in DIR/home/config: server "))
        #expect(!message.contains("hunter2"), "\(message)")
        let error = #expect(throws: TransportError.self) {
            try CurlTransport(configuration: ClusterConfiguration(server: server, origin: "test"), userAgent: "t")
        }
        let description = error.map { "\($0)" } ?? ""
        #expect(description.contains("is not of the form https://host:port"))
        #expect(!description.contains("hunter2"), "\(description)")
        let proxy = failure(text(cluster: "{server: https://one, proxy-url: 'jane:hunter2@proxy'}"))
        #expect(proxy.contains("proxy-url must start with") && !proxy.contains("hunter2"), "\(proxy)")
    }

    /// The address is in the first line of the operator's log.
    @Test func `an accepted server address has no query and no user`() throws {
        let configuration = try load(text(cluster: "{server: 'https://one/prefix?token=hunter2'}"))
        #expect(configuration.server == "https://one/prefix")
        #expect(!"\(configuration.origin)".contains("hunter2"))
    }

    @Test func `explains how to fix an undefined name`() {
        #expect(
            failure("{current-context: c, contexts: [{name: c, context: {cluster: x}}], clusters: [{name: y}]}")
                == "context \"c\" in DIR/home/config: cluster \"x\" is not defined in any file; "
                + "define it or use one of \"y\"")
        #expect(
            failure(text(), context: "d") == "context \"d\" is not defined in DIR/home/config; defined contexts: \"c\"")
        #expect(failure("{contexts: [{name: c}]}").contains("no current-context is set in DIR/home/config"))
        #expect(failure("{contexts: [{name: c}]}", context: "c").contains("it has no cluster; set it to one of (none)"))
    }

    @Test(arguments: [
        ("[]", "DIR/home/config: a kubeconfig must be a mapping"), ("a: [", "DIR/home/config:2:1: "),
        ("{kind: Pod, apiVersion: v1}", "found a v1 Pod"), ("{users: {}}", "users must be a list of mappings"),
        ("{users: [{user: {}}, {user: {}}]}", "is defined twice"),
        ("{users: [{name: a}, {name: a}]}", "user \"a\" in DIR/home/config is defined twice"),
        ("", "no current-context"),
    ])
    func `names the file in errors`(_ text: String, _ problem: String) {
        let message = failure(text)
        #expect(message.contains(problem), "\(message)")
    }
}

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

    @Test func `loads the sources in order of precedence`() throws {
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

    @Test func `merges the files of KUBECONFIG`() throws {
        let first = try writeConfig("first", server: "https://first", current: "")
        let second = try writeConfig("second", server: "https://second", current: "https://second")
        let list = ["KUBECONFIG": "\(directory)/gone:\(first)::\(second):\(first)"]
        // The first file's entry k wins completely, and the first current context wins.
        let configuration = try load(list)
        #expect(configuration.server == "https://first")
        #expect(configuration.origin == "context \"https://second\" in \(second)")
        #expect(try load(context: "c", list).origin == "context \"c\" in \(first)")
        let error = #expect(throws: ConfigurationError.self) { try load(["KUBECONFIG": "/gone:/gone2"]) }
        #expect(error?.message.contains("none of these files exist") == true)
        #expect(throws: ConfigurationError.self) { try load(["KUBECONFIG": "\(first):\(directory)"]) }
    }

    @Test func `a pod uses its service account`() async throws {
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

    @Test func `reports a pod without a service account`() throws {
        var environment = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let error = #expect(throws: ConfigurationError.self) { try load(environment) }
        #expect(error?.message.contains("automountServiceAccountToken") == true)
        _ = try writeConfig("home/.kube/config", server: "https://home")
        environment["HOME"] = directory + "/home"
        #expect(try load(environment).server == "https://home")
    }
}
