/// A named entry of a kubeconfig file; its fields are parsed on use.
///
/// As in `kubectl`, absent, null and empty values are the same.
struct KubeconfigEntry: Sendable {
    /// The location for error messages: `user "jane" in /home/jane/.kube/config`.
    let place: String
    /// The file of the entry; relative paths are relative to its directory.
    let file: String
    let fields: JSONObject

    func failure(_ problem: String) -> ConfigurationError {
        ConfigurationError("\(place): \(problem)")
    }

    private func value(_ key: String) -> JSONValue? {
        fields[key].flatMap { $0.isNull ? Optional.none : $0 }
    }

    /// The value of a string field; empty if absent.
    func string(_ key: String) throws(ConfigurationError) -> String {
        guard let value = value(key) else { return "" }
        guard let text = value.stringValue else { throw failure("\(key) must be a string; quote it") }
        return text
    }

    func bool(_ key: String) throws(ConfigurationError) -> Bool {
        guard let value = value(key) else { return false }
        // client-go reads YAML 1.1.
        guard let bool = value.boolValue ?? value.stringValue.flatMap(YAMLScalar.yaml11Bool) else {
            throw failure("\(key) must be true or false")
        }
        return bool
    }

    func strings(_ key: String) throws(ConfigurationError) -> [String] {
        guard let value = value(key) else { return [] }
        let texts = value.arrayValue?.map(\.stringValue)
        guard let texts, !texts.contains(nil) else {
            throw failure("\(key) must be a list of strings; quote its elements")
        }
        return texts.compactMap { $0 }
    }

    /// The value of a mapping field; nil if absent.
    func object(_ key: String) throws(ConfigurationError) -> KubeconfigEntry? {
        guard let value = value(key) else { return nil }
        guard let object = value.objectValue else { throw failure("\(key) must be a mapping") }
        return KubeconfigEntry(place: "\(place), \(key)", file: file, fields: object)
    }

    func objects(_ key: String) throws(ConfigurationError) -> [KubeconfigEntry] {
        guard let value = value(key) else { return [] }
        let objects = value.arrayValue?.map { $0.isNull ? JSONObject() : $0.objectValue }
        guard let objects, !objects.contains(nil) else { throw failure("\(key) must be a list of mappings") }
        return objects.compactMap { $0 }.enumerated().map { index, object in
            KubeconfigEntry(place: "\(place), \(key)[\(index)]", file: file, fields: object)
        }
    }

    /// The value of a path field, resolved against the directory of the file; empty if absent.
    func path(_ key: String) throws(ConfigurationError) -> String {
        resolved(try string(key))
    }

    func resolved(_ path: String) -> String {
        guard !path.isEmpty, !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// The PEM bytes in the base64 field `key-data`, or the file that `key` names; `key-data` wins.
    func pem(_ key: String) throws(ConfigurationError) -> PEMSource? {
        let data = try string("\(key)-data")
        if !data.isEmpty {
            guard let bytes = Base64.decode(data) else { throw failure("\(key)-data is not base64") }
            return .data(bytes)
        }
        let path = try path(key)
        return path.isEmpty ? nil : .file(path)
    }
}

/// The fields of a cluster.
extension KubeconfigEntry {
    /// The server's address without its query and trailing slash.
    ///
    /// As in client-go, an address without a scheme means HTTP, regardless of the TLS settings.
    func server() throws(ConfigurationError) -> String {
        let text = try string("server")
        guard !text.isEmpty else { throw failure("it has no server; add the URL of the API server") }
        // A password may contain any character, so what follows could be part of it, and no message quotes it.
        guard !text.contains("@") else {
            throw failure("server has a user name in its URL; use username and password of the user instead")
        }
        var address = text.prefix { $0 != "?" && $0 != "#" }
        var scheme = "http://"
        if let end = address.firstRange(of: "://")?.upperBound {
            scheme = address[..<end].lowercased()
            address = address[end...]
        }
        while address.last == "/" { address.removeLast() }
        guard scheme == "http://" || scheme == "https://", let first = address.first, first != "/",
            !address.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || "\"\\".utf8.contains($0) })
        else {
            let shown = ClusterConfiguration.shown(server: text)
            throw failure("server \"\(shown)\" is not a URL such as https://host:6443")
        }
        return scheme + address
    }

    func tls(clock: WallClock) throws(ConfigurationError) -> TLSConfiguration {
        let skipsVerification = try bool("insecure-skip-tls-verify")
        let authority = try pem("certificate-authority")
        guard !skipsVerification || authority == nil else {
            throw failure("insecure-skip-tls-verify and certificate-authority are mutually exclusive; remove one")
        }
        let serverName = try string("tls-server-name")
        guard !serverName.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "/") }) else {
            throw failure("tls-server-name must be a host name")
        }
        return TLSConfiguration(
            certificateAuthority: authority.map { CertificateAuthority($0, clock: clock) },
            skipsVerification: skipsVerification, serverName: serverName.isEmpty ? nil : serverName)
    }

    func proxyURL() throws(ConfigurationError) -> String? {
        let text = try string("proxy-url")
        if text.isEmpty { return nil }
        guard let end = text.firstRange(of: "://")?.upperBound, end < text.endIndex,
            case let scheme = text[..<end].lowercased(), ["http://", "https://", "socks5://"].contains(scheme)
        else { throw failure("proxy-url must start with http://, https:// or socks5://") }
        return scheme + text[end...]
    }

    /// The cluster information for exec plugins.
    func execInformation() throws(ConfigurationError) -> ExecPlugin.Cluster {
        var configuration: JSONValue?
        for element in try objects("extensions") where try element.string("name") == "\(ExecPlugin.apiGroup)/exec" {
            configuration = element.fields["extension"]
        }
        return ExecPlugin.Cluster(
            server: try string("server"), serverName: try string("tls-server-name"),
            skipsVerification: try bool("insecure-skip-tls-verify"),
            certificateAuthority: try pem("certificate-authority"), proxyURL: try string("proxy-url"),
            disablesCompression: try bool("disable-compression"), configuration: configuration)
    }
}

/// The fields of a user.
extension KubeconfigEntry {
    /// A client certificate, and a token file, a token, or a name and password; otherwise an exec plugin.
    func credentials(
        for cluster: KubeconfigEntry, _ process: Kubeconfig.ProcessEnvironment
    ) throws(ConfigurationError) -> any CredentialSource {
        if fields["auth-provider"]?.objectValue != nil {
            throw failure("auth-provider was removed from Kubernetes; use an exec plugin")
        }
        var sources: [any CredentialSource] = []
        if let certificate = try certificate(clock: process.clock) { sources.append(certificate) }
        if let authorization = try authorization(clock: process.clock) { sources.append(authorization) }
        if let exec = try object("exec") {
            let plugin = try exec.plugin(for: cluster)
            // As in client-go, the plugin is used only without other credentials.
            if sources.isEmpty {
                sources.append(
                    ExecCredential(
                        plugin: plugin, origin: place, environment: process.environment,
                        clock: process.clock))
            }
        }
        guard let first = sources.first else { return StaticCredential(.none) }
        return sources.count == 1 ? first : LayeredCredentials(sources)
    }

    private func certificate(clock: WallClock) throws(ConfigurationError) -> (any CredentialSource)? {
        guard let certificate = try pem("client-certificate") else { return nil }
        guard let key = try pem("client-key") else {
            throw failure("it has a client-certificate but no client-key; add client-key or client-key-data")
        }
        if case .data(let certificate) = certificate, case .data(let key) = key {
            return StaticCredential(
                Credential(clientCertificate: ClientCertificate(certificate: certificate, key: key)))
        }
        return CertificateFilesCredential(certificate: certificate, key: key, clock: clock)
    }

    private func authorization(clock: WallClock) throws(ConfigurationError) -> (any CredentialSource)? {
        // Trailing white space in a header's value is not significant.
        let token = try string("token").droppingBlanksAtEnd
        let tokenFile = try path("tokenFile")
        let username = try string("username")
        let password = try string("password")
        let isBasic = !username.isEmpty || !password.isEmpty
        guard !isBasic || (token.isEmpty && tokenFile.isEmpty) else {
            throw failure("it has both a token and a username; remove one")
        }
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw failure("token has white space or invalid characters")
        }
        if !tokenFile.isEmpty {
            return TokenFileCredential(path: tokenFile, fallback: token.isEmpty ? nil : token, clock: clock)
        }
        if !token.isEmpty { return StaticCredential(Credential(bearerToken: token)) }
        return isBasic ? StaticCredential(Credential(username: username, password: password)) : nil
    }

    func impersonation() throws(ConfigurationError) -> Impersonation? {
        let user = try string("as")
        let uid = try string("as-uid")
        let groups = try strings("as-groups")
        var extra: [String: [String]] = [:]
        if let fields = try object("as-user-extra") {
            for key in fields.fields.keys { extra[key] = try fields.strings(key) }
        }
        guard !user.isEmpty else {
            guard uid.isEmpty, groups.isEmpty, extra.isEmpty else {
                throw failure("as-uid, as-groups and as-user-extra need a user; add as")
            }
            return nil
        }
        // Each becomes the value of a header, in which a line break would start another header.
        for text in [user, uid] + groups + extra.values.joined() where text.utf8.contains(where: { $0 < 0x20 }) {
            throw failure("as, as-uid, as-groups and as-user-extra must not contain control characters")
        }
        return Impersonation(user: user, uid: uid, groups: groups, extra: extra)
    }
}

extension String {
    /// The text without trailing spaces and tabs.
    var droppingBlanksAtEnd: String {
        var rest = self[...]
        while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
        return String(rest)
    }
}

/// The fields of a user's `exec`.
extension KubeconfigEntry {
    func plugin(for cluster: KubeconfigEntry) throws(ConfigurationError) -> ExecPlugin {
        let apiVersion = try string("apiVersion")
        guard ExecPlugin.apiVersions.contains(apiVersion) else {
            throw failure(
                "apiVersion \"\(apiVersion)\" is not supported; use one of "
                    + ExecPlugin.apiVersions.joined(separator: ", "))
        }
        let command = try string("command")
        guard !command.isEmpty else { throw failure("it has no command; add one") }
        try checkInteractiveMode(apiVersion: apiVersion)
        var environment: [String: String] = [:]
        for variable in try objects("env") {
            let name = try variable.string("name")
            guard !name.isEmpty, !name.contains("=") else {
                throw variable.failure("the name is missing or contains \"=\"")
            }
            environment[name] = try variable.string("value")
        }
        return ExecPlugin(
            apiVersion: apiVersion, command: command.contains("/") ? resolved(command) : command,
            arguments: try strings("args"), environment: environment, installHint: try string("installHint"),
            cluster: try bool("provideClusterInfo") ? try cluster.execInformation() : nil)
    }

    /// Throws unless the plugin works without a terminal, which `Never` and `IfAvailable` allow.
    private func checkInteractiveMode(apiVersion: String) throws(ConfigurationError) {
        switch try string("interactiveMode") {
        case "Never", "IfAvailable": return
        case "Always":
            throw failure(
                "interactiveMode is Always, but no terminal is available; use a plugin that does not need one")
        case "" where apiVersion.hasSuffix("/v1beta1"): return
        case let mode:
            throw failure("interactiveMode is \"\(mode)\"; set it to Never or IfAvailable")
        }
    }
}
