/// The merged contents of one or more kubeconfig files.
struct Kubeconfig: Sendable {
    var clusters: [String: KubeconfigEntry] = [:]
    var users: [String: KubeconfigEntry] = [:]
    var contexts: [String: KubeconfigEntry] = [:]
    /// The name of the current context; empty if no file sets it.
    var currentContext = ""
    /// The paths of the files, in order of precedence.
    var files: [String] = []

    /// The maximum size of a file, in bytes: a few hundred clusters with their certificates need one megabyte.
    static let maximumSize = YAML.maximumSize

    /// Parses the text of one file.
    init(_ bytes: [UInt8], file: String) throws(ConfigurationError) {
        let document: JSONValue
        do throws(YAMLError) {
            document = try YAML.firstDocument(bytes, source: file)
        } catch {
            throw ConfigurationError(error.description)
        }
        files = [file]
        guard !document.isNull else { return }
        guard let fields = document.objectValue else {
            throw ConfigurationError("\(file): a kubeconfig must be a mapping with clusters, users and contexts")
        }
        merge(try Kubeconfig(KubeconfigEntry(place: file, file: file, fields: fields)))
    }

    /// An empty configuration to merge files into.
    init() {}

    private init(_ root: KubeconfigEntry) throws(ConfigurationError) {
        let kind = try root.string("kind")
        let version = try root.string("apiVersion")
        guard kind == "" || kind == "Config", version == "" || version == "v1" else {
            throw root.failure("expected a v1 Config, found a \(version) \(kind)")
        }
        clusters = try Self.entries(root, list: "clusters", field: "cluster")
        users = try Self.entries(root, list: "users", field: "user")
        contexts = try Self.entries(root, list: "contexts", field: "context")
        currentContext = try root.string("current-context")
    }

    private static func entries(
        _ root: KubeconfigEntry, list: String, field: String
    ) throws(ConfigurationError) -> [String: KubeconfigEntry] {
        var entries: [String: KubeconfigEntry] = [:]
        for element in try root.objects(list) {
            // A context without this field refers to the entry without a name.
            let name = try element.string("name")
            let place = "\(field) \"\(name)\" in \(root.file)"
            guard entries[name] == nil else {
                throw ConfigurationError("\(place) is defined twice; remove or rename one")
            }
            let fields = try element.object(field)?.fields ?? JSONObject()
            entries[name] = KubeconfigEntry(place: place, file: root.file, fields: fields)
        }
        return entries
    }

    /// True if no current context is set.
    var isEmpty: Bool { currentContext.isEmpty && contexts[""] == nil }

    /// Merges a file of lower precedence: existing entries and an existing current context are kept.
    mutating func merge(_ other: Kubeconfig) {
        clusters.merge(other.clusters) { first, _ in first }
        users.merge(other.users) { first, _ in first }
        contexts.merge(other.contexts) { first, _ in first }
        if currentContext.isEmpty { currentContext = other.currentContext }
        files += other.files
    }
}

/// Reading files by the rules of `kubectl`.
extension Kubeconfig {
    /// Reads a file that must exist.
    static func file(_ path: String) throws(ConfigurationError) -> Kubeconfig {
        switch BoundedFile.read(path, upTo: maximumSize) {
        case .success(let bytes): return try Kubeconfig(bytes, file: path)
        case .failure(let error): throw ConfigurationError("kubeconfig: \(error.message)")
        }
    }

    /// Reads and merges the files of a colon-separated list such as `KUBECONFIG`; each file is read once.
    ///
    /// Files that do not exist are ignored.
    static func files(list: String) throws(ConfigurationError) -> Kubeconfig {
        var merged = Kubeconfig()
        var seen: Set<String> = []
        for path in list.split(separator: ":").map(String.init) where seen.insert(path).inserted {
            switch BoundedFile.read(path, upTo: maximumSize) {
            case .success(let bytes): merged.merge(try Kubeconfig(bytes, file: path))
            case .failure(let error) where error.isMissing: continue
            case .failure(let error): throw ConfigurationError("kubeconfig: \(error.message)")
            }
        }
        return merged
    }
}

/// Resolving a context to its cluster and user.
extension Kubeconfig {
    /// The inputs for loading a configuration, apart from the files.
    struct ProcessEnvironment: Sendable {
        let environment: [String: String]
        let clock: WallClock
    }

    private var fileList: String { files.joined(separator: ", ") }

    /// Returns the configuration of the context `name`, or of the current context if it is nil.
    func configuration(
        context name: String?, _ process: ProcessEnvironment
    ) throws(ConfigurationError) -> ClusterConfiguration {
        let name = name ?? currentContext
        guard !name.isEmpty || contexts[name] != nil else {
            throw ConfigurationError(
                "no current-context is set in \(fileList); choose one of \(Self.names(contexts)) with --context or "
                    + "\"kubectl config use-context\"")
        }
        guard let context = contexts[name] else {
            throw ConfigurationError(
                "context \"\(name)\" is not defined in \(fileList); defined contexts: \(Self.names(contexts))")
        }
        let cluster = try entry(context, "cluster", clusters)
        guard let cluster else { throw context.failure("it has no cluster; set it to one of \(Self.names(clusters))") }
        let user = try entry(context, "user", users)
        let server = try cluster.server()
        let namespace = try context.string("namespace")
        let proxyURL = try cluster.proxyURL()
        let compresses = try !cluster.bool("disable-compression")
        // TLS settings and secrets are read only for HTTPS.
        let isSecure = server.hasPrefix("https://")
        return ClusterConfiguration(
            server: server, tls: isSecure ? try cluster.tls(clock: process.clock) : TLSConfiguration(),
            proxyURL: proxyURL, asksForCompression: compresses,
            credentials: isSecure
                ? try user?.credentials(for: cluster, process) ?? StaticCredential(.none)
                : StaticCredential(.none),
            impersonation: try user?.impersonation(),
            namespace: namespace.isEmpty ? "default" : namespace, origin: context.place)
    }

    /// The entry that a field of the context refers to; nil if the field is empty and no entry without a name exists.
    private func entry(
        _ context: KubeconfigEntry, _ field: String, _ entries: [String: KubeconfigEntry]
    ) throws(ConfigurationError) -> KubeconfigEntry? {
        let name = try context.string(field)
        guard let entry = entries[name] else {
            guard !name.isEmpty else { return nil }
            throw ConfigurationError(
                "\(context.place): \(field) \"\(name)\" is not defined in any file; define it or use one of "
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
