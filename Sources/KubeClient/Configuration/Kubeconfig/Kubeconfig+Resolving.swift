/// From a context to the cluster and the user it names.
extension Kubeconfig {
    /// What loading needs besides the files.
    struct Surroundings: Sendable {
        let environment: [String: String]
        let clock: WallClock
    }

    private var fileList: String { files.joined(separator: ", ") }

    /// The configuration of the context `name`, or of the current one when it is nil.
    func configuration(
        context name: String?, _ surroundings: Surroundings
    ) throws(ConfigurationError) -> ClusterConfiguration {
        let name = name ?? currentContext
        guard !name.isEmpty || contexts[name] != nil else {
            throw ConfigurationError(
                "no current-context is set in \(fileList); name one of \(Self.names(contexts)) with --context, "
                    + "or set one with \"kubectl config use-context\"")
        }
        guard let context = contexts[name] else {
            throw ConfigurationError(
                "context \"\(name)\" is defined in none of \(fileList); known are \(Self.names(contexts))")
        }
        let cluster = try entry(context, "cluster", clusters)
        guard let cluster else { throw context.failure("it names no cluster; add one of \(Self.names(clusters))") }
        let user = try entry(context, "user", users)
        let server = try cluster.server()
        let namespace = try context.string("namespace")
        let proxyURL = try cluster.proxyURL()
        let compresses = try !cluster.bool("disable-compression")
        // What is about TLS, and every secret, is only read for HTTPS.
        let isSecure = server.hasPrefix("https://")
        return ClusterConfiguration(
            server: server, tls: isSecure ? try cluster.tls(clock: surroundings.clock) : TLSConfiguration(),
            proxyURL: proxyURL, asksForCompression: compresses,
            credentials: isSecure
                ? try user?.credentials(for: cluster, surroundings) ?? StaticCredential(.none)
                : StaticCredential(.none),
            impersonation: try user?.impersonation(),
            namespace: namespace.isEmpty ? "default" : namespace, origin: context.place)
    }

    /// The entry that a field of the context names; nil when it names none, and there is none without a name.
    private func entry(
        _ context: KubeconfigEntry, _ field: String, _ entries: [String: KubeconfigEntry]
    ) throws(ConfigurationError) -> KubeconfigEntry? {
        let name = try context.string(field)
        guard let entry = entries[name] else {
            guard !name.isEmpty else { return nil }
            throw ConfigurationError(
                "\(context.place) names \(field) \"\(name)\", which no file defines; define it or name one of "
                    + Self.names(entries))
        }
        return entry
    }

    private static func names(_ entries: [String: KubeconfigEntry]) -> String {
        guard !entries.isEmpty else { return "(none)" }
        let shown = entries.keys.sorted().prefix(10).map { "\"\($0)\"" }.joined(separator: ", ")
        return entries.count > 10 ? "\(shown), …" : shown
    }
}
