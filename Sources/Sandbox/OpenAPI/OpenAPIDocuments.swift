import KubeClient

/// The OpenAPI v3 documents, one for each group and version, made anew when the served resources change.
final class OpenAPIDocuments: Sendable {
    private struct Made: Sendable {
        var generation = -1
        /// By path: `api/v1`, `apis/tekton.dev/v1`.
        var documents: [(path: String, bytes: [UInt8])] = []
    }

    private let registry: Registry
    private let made = Locked(Made())

    init(_ registry: Registry) {
        self.registry = registry
    }

    /// The list of documents; each address carries a hash of its document, so that clients may keep it.
    func index() -> [UInt8] {
        var paths = JSONObject()
        for document in current() {
            let address = "/openapi/v3/\(document.path)?hash=\(Self.hash(document.bytes))"
            paths[document.path] = ["serverRelativeURL": .string(address)]
        }
        return JSONValue.object(["paths": .object(paths)]).encoded
    }

    /// The document of a group and version; nil when it is not served.
    func document(group: String, version: String) -> [UInt8]? {
        let path = Self.path(group: group, version: version)
        return current().first { $0.path == path }?.bytes
    }

    private func current() -> [(path: String, bytes: [UInt8])] {
        let state = registry.current
        let kept = made.withLock { $0.generation == state.generation ? $0.documents : nil }
        if let kept { return kept }
        let documents = state.groups.flatMap { group in
            group.versions.map { version in
                (
                    path: Self.path(group: group.name, version: version.name),
                    bytes: OpenAPIDocument(version.resources).document.encoded
                )
            }
        }
        made.withLock { $0 = Made(generation: state.generation, documents: documents) }
        return documents
    }

    private static func path(group: String, version: String) -> String {
        group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)"
    }

    /// FNV-1a, which is enough to tell versions of a document apart.
    private static func hash(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16, uppercase: true)
    }
}
