import KubeClient

/// The validated parameters of a list or watch request.
struct ListParameters: Sendable {
    enum Match: String, Sendable {
        case exact = "Exact"
        case notOlderThan = "NotOlderThan"
    }

    let labels: LabelSelector
    let fields: FieldSelector
    /// Nil if absent or empty; 0 means any version.
    let resourceVersion: Int64?
    let match: Match?
    /// 0 means no limit.
    let limit: Int
    let continueToken: ContinueToken?
    let isWatch: Bool
    let allowsBookmarks: Bool
    let sendsInitialEvents: Bool?
    let timeoutSeconds: Int64?
}

/// A page of a list.
struct ListPage: Sendable {
    let records: [ObjectRecord]
    let revision: Int64
    var continueToken: ContinueToken?
    /// The number of objects after this page; nil if selectors make it unknown.
    var remaining: Int?
}

extension Cluster {
    func page(
        _ served: ServedResource, namespace: String?, _ parameters: ListParameters
    ) throws(StatusError) -> ListPage {
        let (records, revision) = try snapshot(served, parameters)
        var scope = namespace.map { records.slice(inNamespace: $0) } ?? records[...]
        if let token = parameters.continueToken {
            let start = records.insertionIndex(namespace: token.namespace, name: token.name + "\u{0}")
            scope = scope[min(max(start, scope.startIndex), scope.endIndex)...]
        }
        let selectsAll = parameters.labels.isEverything && parameters.fields.isEverything
        // Like the API server's watch cache, a list at any version ignores the limit.
        let limit = parameters.resourceVersion == 0 ? 0 : parameters.limit
        var page: [ObjectRecord] = []
        var rest = scope
        while let record = rest.first {
            if limit > 0, page.count == limit { break }
            rest.removeFirst()
            if selectsAll || parameters.labels.matches(record.labels) && parameters.fields.matches(record) {
                page.append(record)
            }
        }
        var result = ListPage(records: page, revision: revision)
        if !rest.isEmpty, let last = page.last {
            result.continueToken = ContinueToken(revision: revision, namespace: last.namespace, name: last.name)
            if selectsAll { result.remaining = rest.count }
        }
        return result
    }

    /// The state to list: the current one, or an earlier one for a continue token or an exact resource version.
    private func snapshot(
        _ served: ServedResource, _ parameters: ListParameters
    ) throws(StatusError) -> (records: [ObjectRecord], revision: Int64) {
        var exact = parameters.continueToken?.revision
        if let asked = parameters.resourceVersion, asked != 0 {
            let current = storage.revision
            guard asked <= current else { throw .resourceVersionTooLarge(asked, current: current) }
            if parameters.match == .exact || parameters.match == nil && parameters.limit > 0 { exact = asked }
        }
        do throws(StorageError) {
            return try storage.snapshot(served.stored.resource, at: exact)
        } catch {
            throw .expired(
                "The provided continue parameter or resource version is too old to display a consistent list result. "
                    + "You can start a new list without it.")
        }
    }
}

/// Where the next page of a list starts: the last name of the page, and the revision of the list.
struct ContinueToken: Hashable, Sendable {
    let revision: Int64
    let namespace: String
    let name: String

    init(revision: Int64, namespace: String, name: String) {
        self.revision = revision
        self.namespace = namespace
        self.name = name
    }

    init(parsing text: String) throws(StatusError) {
        let padded = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        guard let bytes = Base64.decode(String(padded)), let token = try? JSONValue(parsing: bytes),
            let revision = token["rv"]?.integerValue, let namespace = token["ns"]?.stringValue,
            let name = token["start"]?.stringValue
        else { throw .badRequest("continue key is not valid: it was not issued by this server") }
        self.init(revision: revision, namespace: namespace, name: name)
    }

    /// The token in URL-safe base64.
    var text: String {
        let token: JSONValue = ["rv": .integer(revision), "ns": .string(namespace), "start": .string(name)]
        return String(Base64.encode(token.encoded).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }
}
