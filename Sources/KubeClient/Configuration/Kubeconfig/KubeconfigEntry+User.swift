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
