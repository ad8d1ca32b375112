/// One page of a list.
struct ListPage: Sendable {
    let records: [ObjectRecord]
    let revision: Int64
    var continueToken: ContinueToken?
    /// How many objects follow; nil where selectors make that unknown.
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
        // "Any version" is answered at once and whole, as a server's cache does.
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

    /// The state a list reads: the present one, unless a page before it or an exact version asks for an earlier one.
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
