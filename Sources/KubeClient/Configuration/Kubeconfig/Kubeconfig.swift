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
