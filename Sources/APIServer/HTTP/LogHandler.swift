import KubeClient
import KubeRuntime

/// Handles `kubectl logs`.
struct LogHandler: Sendable {
    private let cluster: Cluster
    private let query: QueryParameters

    init(_ cluster: Cluster, _ query: QueryParameters) {
        self.cluster = cluster
        self.query = query
    }

    func answer(_ target: ObjectTarget) throws(StatusError) -> HTTPServerResponse {
        let pod = try cluster.object(try cluster.record(target), as: target.served)
        let container = try container(of: pod, target.name)
        let (bytes, end) = read(target, container, from: 0)
        let shown = try tail(bytes)
        guard try query.flag("follow") else {
            return HTTPServerResponse(status: 200, headers: ["Content-Type": "text/plain"], body: .bytes(shown))
        }
        return HTTPServerResponse(
            status: 200, headers: ["Content-Type": "text/plain"],
            body: .stream { writer in
                try await writer.write(shown)
                try await follow(target, container, from: end) { try await writer.write($0) }
            })
    }

    /// The requested container, or the only one.
    private func container(of pod: JSONValue, _ name: String) throws(StatusError) -> String {
        let lists = ["initContainers", "containers"].map { pod["spec"]?[$0]?.arrayValue ?? [] }
        let names = lists.joined().compactMap { $0["name"]?.stringValue }
        if let asked = query["container"], !asked.isEmpty {
            guard names.contains(asked) else {
                throw .badRequest("container \(asked) is not valid for pod \(name)")
            }
            return asked
        }
        let containers = lists[1].compactMap { $0["name"]?.stringValue }
        guard let only = containers.first, containers.count == 1 else {
            throw .badRequest(
                "a container name must be specified for pod \(name), choose one of: "
                    + "[\(containers.joined(separator: " "))]")
        }
        return only
    }

    private func read(_ target: ObjectTarget, _ container: String, from position: Int) -> (bytes: [UInt8], end: Int) {
        cluster.logs.read(namespace: target.namespace, pod: target.name, container: container, from: position)
    }

    /// The last lines, if `tailLines` is set.
    private func tail(_ bytes: [UInt8]) throws(StatusError) -> [UInt8] {
        guard let count = try query.number("tailLines") else { return bytes }
        let newline = UInt8(ascii: "\n")
        var left = count
        var index = bytes.endIndex
        if bytes.last == newline { index -= 1 }
        while index > 0 {
            if bytes[index - 1] == newline {
                left -= 1
                if left <= 0 { break }
            }
            index -= 1
        }
        return count == 0 ? [] : Array(bytes[index...])
    }

    /// Sends appended text until the pod ends or is deleted.
    private func follow(
        _ target: ObjectTarget, _ container: String, from start: Int, _ send: ([UInt8]) async throws -> Void
    ) async throws {
        var position = start
        while !Task.isCancelled, !cluster.storage.isShutDown {
            let seen = cluster.storage.revision
            let hasEnded = hasEnded(target)
            let (bytes, end) = read(target, container, from: position)
            position = end
            if !bytes.isEmpty { try await send(bytes) }
            if hasEnded { return }
            // Logs create no revisions; the server's tick ends this wait at least once a second.
            await cluster.storage.waitForChange(in: target.served.stored.resource, after: seen)
        }
    }

    private func hasEnded(_ target: ObjectTarget) -> Bool {
        guard let record = try? cluster.record(target) else { return true }
        return ["Succeeded", "Failed"].contains(record.fields["status.phase"] ?? "")
    }
}
