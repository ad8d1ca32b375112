/// The registries and resolvers that workflows may come from.
///
/// A bundle contains Tasks, so anyone who chooses it can run any code in the namespace. A Pipeline or template of the namespace
/// itself is always allowed: its author could create it there.
public struct AllowedSources: Hashable, Sendable {
    /// The registries and repository paths of bundles, in the form of ``registry(_:)``; empty for all.
    public var registries: [String]
    /// The names of the Tekton resolvers other than `bundles`; empty for all.
    public var resolvers: [String]

    public init(registries: [String] = [], resolvers: [String] = []) {
        self.registries = registries
        self.resolvers = resolvers
    }

    /// The value of either list that allows nothing.
    public static let none = "none"
    /// The Tekton resolver that reads an image, as `containerImage` does.
    public static let bundleResolver = "bundles"

    /// The fields of a spec that name a source outside the lists; empty if it may run.
    public func problems(of spec: ExecutionSpec) -> [ValidationProblem] {
        let reference = spec.workflowRef
        var problems: [ValidationProblem] = []
        func check(image: String, _ field: String) {
            guard !allows(image: image) else { return }
            problems.append(
                ValidationProblem(
                    field: field,
                    message: Self.refusal("--allowed-registries", "bundles from", registries, example: "image")))
        }
        if let image = reference.containerImage { check(image: image, "spec.workflowRef.containerImage") }
        guard let resolver = reference.resolver else { return problems }
        if resolver.name == Self.bundleResolver {
            // Tekton requires the parameter. It is checked even if it is absent, in case a later version has a default.
            let images = resolver.parameters.filter { $0.key == "bundle" }.map(\.value)
            for image in images.isEmpty ? [""] : images {
                check(image: image, "spec.workflowRef.resolver.params[bundle]")
            }
        } else if !resolvers.isEmpty, !resolvers.contains(resolver.name) {
            problems.append(
                ValidationProblem(
                    field: "spec.workflowRef.resolver.name",
                    message: Self.refusal("--allowed-resolvers", "the resolvers", resolvers, example: "resolver")))
        }
        return problems
    }

    /// True for the name of a resolver.
    public static func isResolver(_ text: String) -> Bool {
        text.utf8.count <= 63 && Grammar.isObjectName(text)
    }

    /// Whether a bundle with this reference may run; false for a text that is no reference.
    public func allows(image: String) -> Bool {
        guard !registries.isEmpty else { return true }
        guard let repository = Self.repository(of: image) else { return false }
        return registries.contains { repository == $0 || repository.hasPrefix("\($0)/") }
    }

    private static func refusal(_ flag: String, _ what: String, _ allowed: [String], example: String) -> String {
        let shown = allowed.prefix(shownEntries).joined(separator: ", ")
        let more = allowed.count > shownEntries ? " and \(allowed.count - shownEntries) more" : ""
        let rule =
            allowed == [none]
            ? "this operator allows no \(example) (\(flag))"
            : "this operator allows only \(what) \(shown)\(more) (\(flag))"
        return "\(rule). Use another \(example) or a Pipeline of the namespace, and create the execution again"
    }

    /// The entries of a list that a message names.
    private static let shownEntries = 5
}

/// Image references, read as Tekton's resolver reads them.
extension AllowedSources {
    /// The registry or repository path that an entry of a list names: `registry.example`, `registry.example:5000/team`.
    ///
    /// Nil for anything else. A first part without a dot or a port would be a user of Docker Hub, so it is refused.
    public static func registry(_ text: String) -> String? {
        if text == none { return text }
        guard isHost(text.prefix { $0 != "/" }) else { return nil }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first else { return nil }
        guard parts.count == 2, let path = parts.last else { return registryName(host) }
        return isPath(path) ? "\(registryName(host))/\(path)" : nil
    }

    /// The registry and path of an image, without tag and digest: `docker.io/library/alpine` for `alpine:3`.
    ///
    /// Nil for a text that is not surely one repository. A path with `..` could leave an allowed one behind a proxy.
    static func repository(of image: String) -> String? {
        guard Grammar.isImageReference(image) else { return nil }
        var name = image.prefix { $0 != "@" }
        if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") { name = name[..<colon] }
        let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first else { return nil }
        let isOnHub = parts.count == 1 || !(first.contains(".") || first.contains(":") || first == "localhost")
        let path = isOnHub ? name : parts.last ?? ""
        guard isPath(path), isOnHub || isHost(first) else { return nil }
        let host = isOnHub ? dockerHub : registryName(first)
        return host == dockerHub && !path.contains("/") ? "\(host)/library/\(path)" : "\(host)/\(path)"
    }

    private static let dockerHub = "docker.io"

    private static func registryName(_ host: Substring) -> String {
        host == "index.docker.io" ? dockerHub : String(host)
    }

    /// True for a host with a dot or a port, in lowercase.
    private static func isHost(_ text: Substring) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, Grammar.isObjectName(String(host)) else { return false }
        guard parts.count == 2, let port = parts.last else { return host.contains(".") }
        return UInt16(port).map { $0 > 0 && "\($0)" == port } ?? false
    }

    /// True for a repository path whose parts are all names: lowercase letters, digits, `.`, `-` and `_`.
    private static func isPath(_ text: Substring) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part != "." && part != ".." && part.utf8.allSatisfy(isPathByte)
        }
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
