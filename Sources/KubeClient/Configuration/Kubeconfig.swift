/// What one or more kubeconfig files say together.
struct Kubeconfig: Sendable {
    var clusters: [String: KubeconfigEntry] = [:]
    var users: [String: KubeconfigEntry] = [:]
    var contexts: [String: KubeconfigEntry] = [:]
    /// Empty when no file names one.
    var currentContext = ""
    /// The files that were read, in order of precedence.
    var files: [String] = []

    /// The longest file that is read, in bytes: some hundred clusters with their certificates take a megabyte.
    static let maximumSize = YAML.maximumSize

    /// Reads one file's text.
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
            throw ConfigurationError("\(file): a kubeconfig is a mapping with clusters, users and contexts")
        }
        merge(try Kubeconfig(KubeconfigEntry(place: file, file: file, fields: fields)))
    }

    /// Nothing, for files to be merged into.
    init() {}

    private init(_ root: KubeconfigEntry) throws(ConfigurationError) {
        let kind = try root.string("kind")
        let version = try root.string("apiVersion")
        guard kind == "" || kind == "Config", version == "" || version == "v1" else {
            throw root.failure("this is a \(version) \(kind), where a v1 Config is expected")
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
            // An entry without a name is one that a context without that field means.
            let name = try element.string("name")
            let place = "\(field) \"\(name)\" in \(root.file)"
            guard entries[name] == nil else {
                throw ConfigurationError("\(place) stands there twice; remove or rename one")
            }
            let fields = try element.object(field)?.fields ?? JSONObject()
            entries[name] = KubeconfigEntry(place: place, file: root.file, fields: fields)
        }
        return entries
    }

    /// True when no context is chosen.
    var isEmpty: Bool { currentContext.isEmpty && contexts[""] == nil }

    /// Adds what a file of lower precedence says: of each entry as a whole, and of the current context, the first wins.
    mutating func merge(_ other: Kubeconfig) {
        clusters.merge(other.clusters) { first, _ in first }
        users.merge(other.users) { first, _ in first }
        contexts.merge(other.contexts) { first, _ in first }
        if currentContext.isEmpty { currentContext = other.currentContext }
        files += other.files
    }
}

/// Which files are read, by the rules of `kubectl`.
extension Kubeconfig {
    /// Reads a file that must exist.
    static func file(_ path: String) throws(ConfigurationError) -> Kubeconfig {
        switch BoundedFile.read(path, upTo: maximumSize) {
        case .success(let bytes): return try Kubeconfig(bytes, file: path)
        case .failure(let error): throw ConfigurationError("kubeconfig: \(error.message)")
        }
    }

    /// Reads the files of a list such as `KUBECONFIG`, divided by colons, each once, and merges them.
    ///
    /// Files that do not exist are left out.
    static func files(list: String) throws(ConfigurationError) -> Kubeconfig {
        var whole = Kubeconfig()
        var seen: Set<String> = []
        for path in list.split(separator: ":").map(String.init) where seen.insert(path).inserted {
            switch BoundedFile.read(path, upTo: maximumSize) {
            case .success(let bytes): whole.merge(try Kubeconfig(bytes, file: path))
            case .failure(let error) where error.isMissing: continue
            case .failure(let error): throw ConfigurationError("kubeconfig: \(error.message)")
            }
        }
        return whole
    }
}

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
