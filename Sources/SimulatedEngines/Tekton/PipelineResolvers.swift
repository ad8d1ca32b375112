import APIServer
import KubeClient

/// Tekton's resolvers. `cluster` reads the cluster; the others find objects by annotations instead of using the network.
///
/// Defaults and messages are those of Tekton's resolvers with their shipped configuration.
struct PipelineResolvers: Sendable {
    let cluster: any SandboxCluster
    /// Finds the objects of a kind that stand for remote ones and pass a test.
    let find: @Sendable (ResolverRequest.Kind, @Sendable (RemoteObject) -> Bool) async -> [RemoteObject]

    func answer(_ request: ResolverRequest) async throws(ResolverFailure) -> ResolverAnswer {
        switch request.resolver {
        case "bundles": try await bundle(request)
        case "cluster": try await inCluster(request)
        case "git": try await git(request)
        case "http": try await http(request)
        case "hub": try await hub(request)
        default: throw .unknown
        }
    }

    private func exists(_ resource: String, _ name: String, in namespace: String) async -> JSONValue? {
        let resource = GroupVersionResource(group: "", version: "v1", resource: resource)
        return try? await cluster.get(resource, namespace: namespace, name: name)
    }
}

// MARK: - bundles

extension PipelineResolvers {
    private func bundle(_ request: ResolverRequest) async throws(ResolverFailure) -> ResolverAnswer {
        for name in ["bundle", "name"] where request.nonempty(name) == nil {
            throw .invalid("parameter \"\(name)\" required")
        }
        let name = request["name"] ?? ""
        let kind = request.nonempty("kind") ?? "task"
        let image = BundleReference(request["bundle"] ?? "")
        let inImage = await find(request.kind) { Self.bundle(of: $0)?.matches(image) ?? false }
        let registry = "bundleresolver"
        guard !inImage.isEmpty else {
            throw .failed(
                registry, "cannot retrieve the oci image: GET \(image.manifestURL): MANIFEST_UNKNOWN: manifest unknown")
        }
        for secret in inImage.compactMap({ $0["bundle-secret"] }) {
            guard await !hasCredentials(secret, request) else { continue }
            throw .failed(
                registry,
                "cannot retrieve the oci image: GET \(image.manifestURL): UNAUTHORIZED: authentication required; "
                    + "[map[Action:pull Class: Name:\(image.path) Type:repository]]")
        }
        guard let found = inImage.first(where: { $0.name == name }), let bundle = Self.bundle(of: found),
            kind.lowercased() == request.kind.rawValue
        else { throw .failed(registry, "could not find object in image with kind: \(kind) and name: \(name)") }
        let digits = bundle.digest.split(separator: ":").last.map(String.init) ?? bundle.digest
        return ResolverAnswer(found.object, uri: bundle.image.repository, digest: digits, entryPoint: name)
    }

    private struct Bundle {
        let image: BundleReference
        let digest: String

        func matches(_ requested: BundleReference) -> Bool { image.matches(requested, digest: digest) }
    }

    private static func bundle(of remote: RemoteObject) -> Bundle? {
        guard let text = remote["bundle"] else { return nil }
        let image = BundleReference(text)
        return Bundle(
            image: image, digest: remote["bundle-digest"] ?? image.digest ?? "sha256:" + FNV.digits(text, count: 64))
    }

    /// Whether the request names the secret, or a service account that has it. Secrets that do not exist do not count.
    private func hasCredentials(_ secret: String, _ request: ResolverRequest) async -> Bool {
        let account = await exists(
            "serviceaccounts", request.nonempty("serviceAccount") ?? "default", in: request.namespace)
        let ofAccount = (account?["imagePullSecrets"]?.elements ?? []).compactMap { $0["name"]?.stringValue }
        guard request["secret"] == secret || ofAccount.contains(secret) else { return false }
        return await exists("secrets", secret, in: request.namespace) != nil
    }
}

// MARK: - cluster

extension PipelineResolvers {
    private func inCluster(_ request: ResolverRequest) async throws(ResolverFailure) -> ResolverAnswer {
        let kind = request.nonempty("kind") ?? "task"
        guard ["task", "pipeline", "stepaction"].contains(kind) else {
            throw .invalid("unknown or unsupported resource kind '\(kind)'")
        }
        let namespace = request["namespace"].map { String($0.trimmingBlanks) } ?? ""
        let name = request["name"] ?? ""
        let missing = [("name", name), ("namespace", namespace)].filter { $0.1.isEmpty }.map(\.0)
        guard missing.isEmpty else {
            throw .invalid("missing required cluster resolver params: \(missing.joined(separator: ", "))")
        }
        let resource = GroupVersionResource(
            group: "tekton.dev", version: kind == "stepaction" ? "v1beta1" : "v1", resource: "\(kind)s")
        let object: JSONValue
        do {
            object = try await cluster.get(resource, namespace: namespace, name: name)
        } catch {
            throw .failed("Cluster", error.message)
        }
        return ResolverAnswer(
            object, uri: "/apis/tekton.dev/v1/namespaces/\(namespace)/\(kind)/\(name)@\(object.uid)",
            digest: SHA256.hexadecimal(object["spec"]?.encodedString ?? ""))
    }
}

// MARK: - git

extension PipelineResolvers {
    private func git(_ request: ResolverRequest) async throws(ResolverFailure) -> ResolverAnswer {
        let repository = try Self.repository(of: request)
        let revision = request["revision"] ?? "main"
        guard let given = request["pathInRepo"] else {
            throw .invalid("missing required git resolver params: pathInRepo")
        }
        guard !revision.hasPrefix("-") else {
            throw .invalid("invalid revision \"\(revision)\": must not begin with '-'")
        }
        if let url = repository.url, !Self.isRepositoryURL(url) { throw .invalid("invalid git repository url: \(url)") }
        let path = String(given.drop { $0 == "/" })
        guard !path.split(separator: "/").contains("..") else {
            throw .invalid("invalid path \"\(path)\": must not contain '..' components")
        }
        try await checkToken(of: request)
        let inRepository = await find(request.kind) { $0["git"].map(repository.matches) ?? false }
        let name = repository.url ?? repository.path
        guard !inRepository.isEmpty else {
            throw .failed(
                "Git",
                "error resolving repository: git clone error: fatal: repository '\(name)' not found: exit status 128")
        }
        if let secret = inRepository.lazy.compactMap({ $0["git-secret"] }).first,
            request[repository.url == nil ? "token" : "gitToken"] != secret
        {
            throw .failed("Git", "error resolving repository: clone error: authentication required")
        }
        let atRevision = inRepository.filter { [$0["git-revision"] ?? "main", Self.commit(of: $0)].contains(revision) }
        guard !atRevision.isEmpty else {
            throw .failed("Git", "git fetch error: fatal: couldn't find remote ref \(revision): exit status 128")
        }
        guard let found = atRevision.first(where: { $0["git-path"] == path }) else {
            throw .failed("Git", "error opening file \"\(path)\": file does not exist")
        }
        return ResolverAnswer(
            found.object, uri: "git+" + (found["git"] ?? ""), algorithm: "sha1", digest: Self.commit(of: found),
            entryPoint: path)
    }

    /// The commit of the revision: that of the annotation, or one made up from the object.
    private static func commit(of remote: RemoteObject) -> String {
        remote["git-commit"] ?? String(remote.digest.prefix(40))
    }

    private struct Repository: Sendable {
        /// Nil if the repository is named by organization and name.
        let url: String?
        /// The organization and name.
        let path: String

        func matches(_ annotation: String) -> Bool {
            guard let url else { return Self.plain(annotation).hasSuffix("/" + path) }
            return Self.plain(url) == Self.plain(annotation)
        }

        private static func plain(_ url: String) -> String {
            let text = url.hasSuffix("/") ? String(url.dropLast()) : url
            return text.hasSuffix(".git") ? String(text.dropLast(4)) : text
        }
    }

    private static func repository(of request: ResolverRequest) throws(ResolverFailure) -> Repository {
        let url = request.nonempty("url")
        guard let name = request.nonempty("repo") else {
            return Repository(url: url ?? "https://github.com/tektoncd/catalog.git", path: "")
        }
        guard url == nil else { throw .invalid("cannot specify both 'url' and 'repo'") }
        guard let organization = request["org"] else { throw .invalid("'org' is required when 'repo' is specified") }
        return Repository(url: nil, path: "\(organization)/\(name)")
    }

    private static func isRepositoryURL(_ url: String) -> Bool {
        if ["git://", "ssh://", "ftp://", "ftps://", "http://", "https://"].contains(where: url.hasPrefix) {
            return true
        }
        // user@host:path
        guard let at = url.firstIndex(of: "@"), at > url.startIndex else { return false }
        return url[at...].dropFirst(2).contains(":")
    }

    /// The secret with a token must exist and have the key. The API, used for `repo`, needs one.
    private func checkToken(of request: ResolverRequest) async throws(ResolverFailure) {
        let usesAPI = request.nonempty("repo") != nil
        guard let name = request.nonempty(usesAPI ? "token" : "gitToken") else {
            guard usesAPI else { return }
            throw .failed(
                "Git",
                "cannot get API token, required when specifying 'repo' param, 'api-token-secret-name' not specified in config"
            )
        }
        let key = request.nonempty(usesAPI ? "tokenKey" : "gitTokenKey") ?? "token"
        guard let secret = await exists("secrets", name, in: request.namespace) else {
            throw .failed("Git", "cannot get API token, secret \(name) not found in namespace \(request.namespace)")
        }
        guard secret["data"]?[key] != nil else {
            throw .failed(
                "Git", "cannot get API token, key \(key) not found in secret \(name) in namespace \(request.namespace)")
        }
    }
}

// MARK: - http and hub

extension PipelineResolvers {
    private func http(_ request: ResolverRequest) async throws(ResolverFailure) -> ResolverAnswer {
        guard let url = request["url"] else { throw .invalid("missing required http resolver params: url") }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw .invalid("url \(url) is not a valid http(s) url")
        }
        let (user, password) = ("http-username", "http-password-secret")
        for (given, needed) in [(user, password), (password, user)] where request[given] != nil {
            guard request[needed] != nil else { throw .invalid("missing required param \(needed) when using \(given)") }
            guard request.nonempty(given) != nil else { throw .invalid("value \(given) cannot be empty") }
        }
        if let name = request.nonempty(password), await exists("secrets", name, in: request.namespace) == nil {
            throw .failed("Http", "cannot get API token, secret \(name) not found in namespace \(request.namespace)")
        }
        guard let found = await find(request.kind, { $0["http"] == url }).first else {
            throw .failed("Http", "requested URL '\(url)' is not found")
        }
        let digest = (found["http-digest"].map { String($0.split(separator: ":").last ?? "") }) ?? found.digest
        if let wanted = request["digest"], wanted != "sha256:\(digest)" {
            let value = wanted.split(separator: ":").last.map(String.init) ?? ""
            throw .failed("Http", "error validating digest: SHA mismatch, expected \(value), got \(digest)")
        }
        return ResolverAnswer(found.object, uri: url, digest: digest)
    }

    private func hub(_ request: ResolverRequest) async throws(ResolverFailure) -> ResolverAnswer {
        let kind = request["kind"] ?? "task"
        let type = request["type"] ?? "artifact"
        guard ["task", "pipeline", "stepaction"].contains(kind) else {
            throw .invalid("failed to validate params: kind param must be one of: task, pipeline, stepaction")
        }
        guard type != "tekton" else {
            throw .invalid("failed to validate params: please configure TEKTON_HUB_API env variable to use tekton type")
        }
        guard type == "artifact" else {
            throw .invalid("failed to validate params: type param must be artifact or tekton")
        }
        let missing = ["name", "version"].filter { request[$0] == nil }
        guard missing.isEmpty else {
            throw .invalid(
                "failed to validate params: missing required hub resolver params: \(missing.joined(separator: ", "))")
        }
        let catalog = request["catalog"] ?? "tekton-catalog-\(kind)s"
        let package = "\(catalog)/\(request["name"] ?? "")"
        let url = "https://artifacthub.io/api/v1/packages/tekton-\(kind)/\(package)"
        let versions = await find(request.kind) { $0["hub"] == package && kind == request.kind.rawValue }
        guard !versions.isEmpty else {
            throw .failed("Hub", "fail to fetch Artifact Hub resource: requested resource '\(url)' not found on hub")
        }
        let wanted = request["version"] ?? ""
        let matching = versions.filter { HubVersion($0["hub-version"]).satisfies(wanted) }
        guard let found = matching.max(by: { HubVersion($0["hub-version"]) < HubVersion($1["hub-version"]) }) else {
            throw .failed("Hub", "no version found for constraint \(wanted)")
        }
        return ResolverAnswer(
            found.object, uri: "\(url)/\(HubVersion(found["hub-version"]).text)", digest: found.digest)
    }
}

/// A version in a hub, as `major.minor.patch`.
struct HubVersion: Comparable, Sendable {
    private let parts: [Int]

    /// Missing parts are zero; without a text, it is `0.1.0`.
    init(_ text: String?) {
        let given = (text ?? "0.1.0").split(separator: ".").map { Int($0) ?? 0 }
        parts = Array((given + [0, 0, 0]).prefix(3))
    }

    var text: String { parts.map { "\($0)" }.joined(separator: ".") }

    static func < (left: HubVersion, right: HubVersion) -> Bool { left.parts.lexicographicallyPrecedes(right.parts) }

    /// Whether the version satisfies all constraints of a list such as `>= 0.2, < 0.5`; a bare version means equality.
    func satisfies(_ constraints: String) -> Bool {
        constraints.split(separator: ",").allSatisfy { constraint in
            let text = constraint.trimmingBlanks
            let symbol = text.prefix { "=<>!".contains($0) }
            let other = HubVersion(String(text.dropFirst(symbol.count).trimmingBlanks))
            return switch symbol {
            case "", "=": self == other
            case "!=": self != other
            case ">": self > other
            case ">=": self >= other
            case "<": self < other
            case "<=": self <= other
            default: false
            }
        }
    }
}
