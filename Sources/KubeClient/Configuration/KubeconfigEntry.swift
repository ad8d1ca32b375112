/// A named entry of a kubeconfig file, whose fields are read when they are needed.
///
/// What is absent, null or empty is the same, as in `kubectl`.
struct KubeconfigEntry: Sendable {
    /// What an error names: `user "jane" in /home/jane/.kube/config`.
    let place: String
    /// The file the entry stands in, which relative paths start from.
    let file: String
    let fields: JSONObject

    func failure(_ problem: String) -> ConfigurationError {
        ConfigurationError("\(place): \(problem)")
    }

    private func value(_ key: String) -> JSONValue? {
        fields[key].flatMap { $0.isNull ? Optional.none : $0 }
    }

    /// Empty when absent.
    func string(_ key: String) throws(ConfigurationError) -> String {
        guard let value = value(key) else { return "" }
        guard let text = value.stringValue else { throw failure("\(key) must be a string; quote it") }
        return text
    }

    func bool(_ key: String) throws(ConfigurationError) -> Bool {
        guard let value = value(key) else { return false }
        // client-go reads YAML 1.1.
        guard let bool = value.boolValue ?? value.stringValue.flatMap(YAMLScalar.oldBool) else {
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

    /// An object within this one; nil when absent.
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

    /// A path, made absolute by the directory of the file it stands in; empty when absent.
    func path(_ key: String) throws(ConfigurationError) -> String {
        resolved(try string(key))
    }

    func resolved(_ path: String) -> String {
        guard !path.isEmpty, !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// PEM bytes that stand in the field `key-data`, in base64, or in the file that `key` names; the former wins.
    func pem(_ key: String) throws(ConfigurationError) -> PEMSource? {
        let data = try string("\(key)-data")
        if !data.isEmpty {
            guard let bytes = Base64.decode(data) else { throw failure("\(key)-data is no base64") }
            return .data(bytes)
        }
        let path = try path(key)
        return path.isEmpty ? nil : .file(path)
    }
}

/// The fields of a cluster.
extension KubeconfigEntry {
    /// The server's address without query and without a slash at its end.
    ///
    /// Where it has no scheme it is HTTP, whatever is configured about TLS: client-go decides before it looks at that.
    func server() throws(ConfigurationError) -> String {
        let text = try string("server")
        guard !text.isEmpty else { throw failure("it has no server; add its URL") }
        var address = text.prefix { $0 != "?" && $0 != "#" }
        var scheme = "http://"
        if let end = address.firstRange(of: "://")?.upperBound {
            scheme = address[..<end].lowercased()
            address = address[end...]
        }
        while address.last == "/" { address.removeLast() }
        guard scheme == "http://" || scheme == "https://", let first = address.first, first != "/",
            !address.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || "\"\\".utf8.contains($0) })
        else { throw failure("server \"\(text)\" is no URL such as https://host:6443") }
        guard !address.prefix(while: { $0 != "/" }).contains("@") else {
            throw failure("server has a user name in its URL; move it to username and password of the user")
        }
        return scheme + address
    }

    func tls(clock: WallClock) throws(ConfigurationError) -> TLSConfiguration {
        let skipsVerification = try bool("insecure-skip-tls-verify")
        let authority = try pem("certificate-authority")
        guard !skipsVerification || authority == nil else {
            throw failure("insecure-skip-tls-verify and a certificate-authority exclude each other; remove one")
        }
        let serverName = try string("tls-server-name")
        guard !serverName.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "/") }) else {
            throw failure("tls-server-name must be the name of a host")
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

    /// What an exec plugin is told of the cluster.
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
    /// A certificate, and one of token file, token, and name and password; or else what an exec plugin hands out.
    func credentials(
        for cluster: KubeconfigEntry, _ surroundings: Kubeconfig.Surroundings
    ) throws(ConfigurationError) -> any CredentialSource {
        if fields["auth-provider"]?.objectValue != nil {
            throw failure("auth-provider is no longer part of Kubernetes; use an exec plugin")
        }
        var sources: [any CredentialSource] = []
        if let certificate = try certificate(clock: surroundings.clock) { sources.append(certificate) }
        if let authorization = try authorization(clock: surroundings.clock) { sources.append(authorization) }
        if let exec = try object("exec") {
            let plugin = try exec.plugin(for: cluster)
            // A plugin is for users who have nothing else to show.
            if sources.isEmpty {
                sources.append(
                    ExecCredential(
                        plugin: plugin, origin: place, environment: surroundings.environment,
                        clock: surroundings.clock))
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
        // Blanks at the end of a header's value mean nothing.
        let token = try string("token").droppingBlanksAtEnd
        let tokenFile = try path("tokenFile")
        let username = try string("username")
        let password = try string("password")
        let isBasic = !username.isEmpty || !password.isEmpty
        guard !isBasic || (token.isEmpty && tokenFile.isEmpty) else {
            throw failure("it has both a token and a username; keep one of them")
        }
        guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw failure("token has blanks or bytes that no token has")
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
                throw failure("as-uid, as-groups and as-user-extra need a user to go with; add as")
            }
            return nil
        }
        // Each becomes the value of a header, where a line break would begin another.
        for text in [user, uid] + groups + extra.values.joined() where text.utf8.contains(where: { $0 < 0x20 }) {
            throw failure("as, as-uid, as-groups and as-user-extra must not have control characters")
        }
        return Impersonation(user: user, uid: uid, groups: groups, extra: extra)
    }
}

extension String {
    /// This text without the blanks and tabs at its end.
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
                "apiVersion \"\(apiVersion)\" is not spoken; use one of "
                    + ExecPlugin.apiVersions.joined(separator: ", "))
        }
        let command = try string("command")
        guard !command.isEmpty else { throw failure("it has no command; add one") }
        try checkInteractiveMode(apiVersion: apiVersion)
        var environment: [String: String] = [:]
        for variable in try objects("env") {
            let name = try variable.string("name")
            guard !name.isEmpty, !name.contains("=") else {
                throw variable.failure("the name is missing or has a \"=\"")
            }
            environment[name] = try variable.string("value")
        }
        return ExecPlugin(
            apiVersion: apiVersion, command: command.contains("/") ? resolved(command) : command,
            arguments: try strings("args"), environment: environment, installHint: try string("installHint"),
            cluster: try bool("provideClusterInfo") ? try cluster.execInformation() : nil)
    }

    /// A plugin never gets a terminal here, which `Never` and `IfAvailable` allow.
    private func checkInteractiveMode(apiVersion: String) throws(ConfigurationError) {
        switch try string("interactiveMode") {
        case "Never", "IfAvailable": return
        case "Always":
            throw failure("interactiveMode is Always, but there is no terminal here; use a plugin that needs none")
        case "" where apiVersion.hasSuffix("/v1beta1"): return
        case let mode:
            throw failure("interactiveMode is \"\(mode)\"; set it to Never or IfAvailable")
        }
    }
}
