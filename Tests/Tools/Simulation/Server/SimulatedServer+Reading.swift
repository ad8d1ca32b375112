import KubeClient

extension SimulatedServer {
    /// Answers any request except a watch.
    func answer(_ request: HTTPRequest, by writer: Writer) -> HTTPResponse {
        guard let target = RequestTarget(request.target), !absent.contains(target.kind) else { return Answer.notServed }
        let body = try? JSONValue(parsing: request.body)
        lastRead = []
        switch request.method {
        case .get: return target.name == nil ? list(target) : get(target)
        case .post: return create(target.kind, namespace: target.namespace ?? "", body ?? .null, by: writer)
        case .patch: return patch(target, body ?? .null, by: writer)
        case .put: return replace(target, body ?? .null, by: writer)
        case .delete: return delete(target, body, by: writer)
        }
    }

    private func get(_ target: RequestTarget) -> HTTPResponse {
        let key = ObjectKey(namespace: target.namespace ?? "", name: target.name ?? "")
        guard let change = current(target.kind, key) else { return Answer.notFound(target) }
        lastRead = [change.uid]
        return Answer.object(change.encoded)
    }

    private func list(_ target: RequestTarget) -> HTTPResponse {
        var view = revision
        var start = 0
        if let token = target["continue"] {
            let parts = token.split(separator: ":").compactMap { Int($0) }
            guard parts.count == 2, parts[0] >= compacted else { return Answer.expired }
            (view, start) = (parts[0], parts[1])
        } else if let text = target["resourceVersion"], let wanted = Int(text) {
            guard wanted <= revision else { return Answer.tooLargeVersion }
            // A replica may answer with any state that is recent enough for the caller.
            view = max(wanted, revision - random.below(replicaLag + 1))
        }
        let items = state(of: target.kind, at: view).filter(target.selection.includes)
        let limit = target["limit"].flatMap { Int($0) } ?? items.count
        let page = items.dropFirst(start).prefix(limit)
        lastRead = page.map(\.uid)
        let rest = items.count - start - page.count
        return Answer.object(encode(page, view, continueToken: rest > 0 ? "\(view):\(start + page.count)" : nil))
    }

    /// The collection at the server's version `view`.
    private func state(of kind: ResourceKind, at view: Int) -> [Change] {
        guard view < revision else { return all(kind) }
        var objects: [ObjectKey: Change] = [:]
        for change in history[kind] ?? [] where change.revision <= view {
            objects[change.key] = change.verb == .deleted ? nil : change
        }
        return objects.values.sorted { $0.key < $1.key }
    }

    private func encode(_ page: some Sequence<Change>, _ view: Int, continueToken: String?) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 4096)
        writer.beginObject()
        writer.key("metadata")
        writer.beginObject()
        writer.key("resourceVersion")
        writer.string("\(view)")
        if let continueToken {
            writer.key("continue")
            writer.string(continueToken)
        }
        writer.endObject()
        writer.key("items")
        writer.beginArray()
        for change in page { writer.raw(change.encoded) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}
