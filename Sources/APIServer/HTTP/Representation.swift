import KubeClient

/// The form of objects in a response.
enum Representation: Hashable, Sendable {
    /// What a table row contains besides its cells.
    enum RowObject: String, Sendable {
        case none = "None"
        case metadata = "Metadata"
        case object = "Object"
    }

    /// Complete objects.
    case object
    /// `PartialObjectMetadata`, in a version of `meta.k8s.io`.
    case metadata(version: String)
    /// A `Table`, in a version of `meta.k8s.io`.
    case table(version: String, rows: RowObject)

    static let mediaTypes = ["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"]

    /// The first form in the `Accept` header that the server supports.
    init(accept: String?, includeObject: String?) throws(StatusError) {
        let rows = RowObject(rawValue: includeObject ?? "") ?? .metadata
        guard let accept, !accept.isEmpty else {
            self = .object
            return
        }
        for clause in MediaType.list(accept) {
            guard clause.isJSON else { continue }
            guard let form = clause.parameters["as"] else {
                self = .object
                return
            }
            let version = clause.parameters["v"] ?? ""
            guard clause.parameters["g"] == "meta.k8s.io", version == "v1" || version == "v1beta1" else { continue }
            switch form {
            case "Table":
                self = .table(version: version, rows: rows)
                return
            case "PartialObjectMetadata", "PartialObjectMetadataList":
                self = .metadata(version: version)
                return
            default: continue
            }
        }
        throw .notAcceptable(Self.mediaTypes)
    }
}

extension Representation {
    /// An object in this form; a table has one row per text.
    func present(_ texts: [[UInt8]], as served: ServedResource, now: Timestamp) throws(StatusError) -> [UInt8] {
        switch self {
        case .object:
            guard let text = texts.first else { return [] }
            if served.isStoredForm { return text }
            return served.servedForm(of: try Self.parse(text)).encoded
        case .metadata(let version):
            guard let text = texts.first else { return [] }
            return Self.metadata(of: try Self.parse(text), version).encoded
        case .table:
            var rows: [JSONValue] = []
            for text in texts { rows.append(try row(text, of: served, now)) }
            var table = table(rows: rows, of: served)
            if case .object(let row)? = rows.first, let version = row["object"]?["metadata"]?["resourceVersion"] {
                table["metadata"] = ["resourceVersion": version]
            }
            return table.encoded
        }
    }

    /// A page of a list in this form; stored texts are joined without decoding if possible.
    func present(_ page: ListPage, of served: ServedResource, now: Timestamp) throws(StatusError) -> [UInt8] {
        var metadata: JSONValue = ["resourceVersion": .string(String(page.revision))]
        if let token = page.continueToken { metadata["continue"] = .string(token.text) }
        if let remaining = page.remaining { metadata["remainingItemCount"] = .integer(Int64(remaining)) }
        if case .table = self {
            var rows: [JSONValue] = []
            for record in page.records { rows.append(try row(record.text, of: served, now)) }
            var table = table(rows: rows, of: served)
            table["metadata"] = metadata
            return table.encoded
        }
        var size = 200
        for record in page.records { size += record.text.count + 1 }
        var writer = JSONWriter(reservingCapacity: size)
        writer.beginObject()
        writer.key("kind")
        writer.string(listKind(of: served))
        writer.key("apiVersion")
        writer.string(listAPIVersion(of: served))
        writer.key("metadata")
        writer.value(metadata)
        writer.key("items")
        writer.beginArray()
        for record in page.records {
            writer.raw(try present([record.text], as: served, now: now))
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private func listKind(of served: ServedResource) -> String {
        if case .metadata = self { "PartialObjectMetadataList" } else { served.names.listKind }
    }

    private func listAPIVersion(of served: ServedResource) -> String {
        if case .metadata(let version) = self { "meta.k8s.io/\(version)" } else { served.apiVersion }
    }

    private static func parse(_ text: [UInt8]) throws(StatusError) -> JSONValue {
        do {
            return try JSONValue(parsing: text)
        } catch {
            throw StatusError(code: 500, reason: "InternalError", message: "stored object cannot be read: \(error)")
        }
    }

    private static func metadata(of object: JSONValue, _ version: String) -> JSONValue {
        [
            "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"),
            "metadata": object["metadata"] ?? [:],
        ]
    }

    // MARK: Tables

    func table(rows: [JSONValue], of served: ServedResource) -> JSONValue {
        var version = "v1"
        if case .table(let asked, _) = self { version = asked }
        return [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": [:],
            "columnDefinitions": .array(served.columns.map(\.definition)), "rows": .array(rows),
        ]
    }

    private func row(_ text: [UInt8], of served: ServedResource, _ now: Timestamp) throws(StatusError) -> JSONValue {
        let object = served.servedForm(of: try Self.parse(text))
        var row: JSONValue = ["cells": .array(served.columns.map { $0.cell(object, now) })]
        guard case .table(let version, let carried) = self else { return row }
        switch carried {
        case .none: row["object"] = nil
        case .metadata: row["object"] = Self.metadata(of: object, version)
        case .object: row["object"] = object
        }
        return row
    }
}
