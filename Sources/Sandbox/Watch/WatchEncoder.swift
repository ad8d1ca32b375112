import KubeClient

/// Turns what a watch has to say into the lines a client reads.
struct WatchEncoder: Sendable {
    let served: ServedResource
    let representation: Representation

    func encode(_ notice: WatchNotice, now: Timestamp) throws(StatusError) -> [UInt8] {
        switch notice {
        case .added(let record): return line("ADDED", try present(record, now))
        case .modified(let record): return line("MODIFIED", try present(record, now))
        case .deleted(let record, let revision):
            return line("DELETED", try present(record, stampedWith: revision, now))
        case .bookmark(let revision, let endsInitialEvents):
            return line("BOOKMARK", bookmark(revision, endsInitialEvents).encoded)
        case .failed(let error): return line("ERROR", error.object.encoded)
        }
    }

    private func line(_ type: String, _ object: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(object.count + 40)
        bytes.append(contentsOf: "{\"type\":\"\(type)\",\"object\":".utf8)
        bytes.append(contentsOf: object)
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }

    private func present(
        _ record: ObjectRecord, stampedWith revision: Int64? = nil, _ now: Timestamp
    ) throws(StatusError) -> [UInt8] {
        let text = revision.map { record.text(stampedWith: $0) } ?? record.text
        if representation == .object, served.isStoredForm { return text }
        return try representation.present([text], as: served, now: now)
    }

    /// An object that carries nothing but a resource version.
    private func bookmark(_ revision: Int64, _ endsInitialEvents: Bool) -> JSONValue {
        var metadata: JSONValue = ["resourceVersion": .string(String(revision)), "creationTimestamp": .null]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        switch representation {
        case .object:
            return ["kind": .string(served.kind), "apiVersion": .string(served.apiVersion), "metadata": metadata]
        case .metadata(let version):
            return [
                "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"),
                "metadata": metadata,
            ]
        case .table:
            var table = representation.table(rows: [], of: served)
            table["metadata"] = ["resourceVersion": .string(String(revision))]
            let object: JSONValue = [
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            ]
            table["rows"] = [
                ["cells": .array(served.columns.map { _ in .null }), "object": object]
            ]
            return table
        }
    }
}
