import KubeClient

/// A request to one of Tekton's resolvers for a Pipeline or Task.
struct ResolverRequest: Sendable {
    /// The kind of the wanted object, as resolvers write it.
    enum Kind: String, Sendable {
        case pipeline
        case task
    }

    let kind: Kind
    let resolver: String
    /// The namespace of the run.
    let namespace: String
    /// The run or TaskRun for which the request is made.
    private let owner: String
    private let parameters: [(name: String, value: TektonValue)]

    init(_ kind: Kind, reference: JSONValue?, owner: ObjectKey) {
        self.kind = kind
        resolver = reference?["resolver"]?.stringValue ?? ""
        namespace = owner.namespace
        self.owner = owner.name
        parameters = (reference?["params"]?.elements ?? []).map { parameter in
            (parameter["name"]?.stringValue ?? "", TektonValue(parameter["value"]))
        }
    }

    /// The text of a parameter; empty for an array or object, nil if absent.
    subscript(name: String) -> String? {
        parameters.last { $0.name == name }?.value.text
    }

    /// The text of a parameter; nil if absent or empty.
    func nonempty(_ name: String) -> String? {
        self[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The namespace and name of the ResolutionRequest that Tekton would create.
    var key: String { "\(namespace)/\(Self.name(prefix: resolver, base: "\(namespace)/\(owner)", parameters))" }

    /// The prefix, cut to fit a name, and a hash of the base and the parameters in the order of their names.
    static func name(prefix: String, base: String, _ parameters: [(name: String, value: TektonValue)]) -> String {
        var text = base
        for parameter in parameters.sorted(by: { $0.name < $1.name }) {
            text += parameter.name
            if case .string(let value) = parameter.value {
                text += value
            } else {
                text += parameter.value.json.encodedString
            }
        }
        let digits = FNV.hash128(text)
        return "\(prefix.prefix(62 - digits.utf8.count))-\(digits)"
    }

    /// What Tekton calls an object that it looked up only through a resolver.
    var description: String {
        "resolver type \(resolver)\n" + (self["name"].map { "name = \($0)\n" } ?? "")
    }
}

/// Why a resolver does not answer a request.
enum ResolverFailure: Error, Hashable, Sendable {
    /// The parameters are invalid.
    case invalid(String)
    /// The resolver of this name, as it calls itself, cannot fetch the object.
    case failed(String, String)
    /// There is no such resolver.
    case unknown

    static let supported = ["bundles", "cluster", "git", "http", "hub"]

    func message(for request: ResolverRequest) -> String {
        let prefix = "error requesting remote resource: "
        switch self {
        case .invalid(let why): return "\(prefix)invalid resource request \"\(request.key)\": \(why)"
        case .failed(let name, let why): return "\(prefix)error getting \"\(name)\" \"\(request.key)\": \(why)"
        case .unknown:
            let list = Self.supported.joined(separator: ", ")
            return "\(prefix)the sandbox has no resolver \"\(request.resolver)\"; use one of \(list)"
        }
    }
}

/// An object that a resolver found, and where the real resolver would have found it.
struct ResolverAnswer: Sendable {
    let object: JSONValue
    /// `uri`, `digest`, and `entryPoint`, as the status records them.
    let source: JSONValue

    init(_ object: JSONValue, uri: String, algorithm: String = "sha256", digest: String, entryPoint: String? = nil) {
        self.object = object
        var source: JSONValue = ["uri": .string(uri), "digest": [algorithm: .string(digest)]]
        source["entryPoint"] = entryPoint.map { .string($0) }
        self.source = source
    }
}

/// An object that stands for one outside the cluster, as its annotations say.
struct RemoteObject: Sendable {
    let object: JSONValue

    /// Nil if no annotation says where the object would be.
    init?(_ object: JSONValue) {
        self.object = object
        guard ["bundle", "git", "http", "hub"].contains(where: { self[$0] != nil }) else { return nil }
    }

    /// The value of an annotation of the simulation; nil if absent.
    subscript(annotation: String) -> String? {
        object.metadata["annotations"]?[Behavior.prefix + annotation]?.stringValue
    }

    var name: String { object.metadata.text("name") }

    /// The digest of the file that would contain the object.
    var digest: String { SHA256.hexadecimal(object["spec"]?.encodedString ?? "") }
}
