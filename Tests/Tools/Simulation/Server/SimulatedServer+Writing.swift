import KubeClient

extension SimulatedServer {
    func create(_ kind: ResourceKind, namespace: String, _ body: JSONValue, by writer: Writer) -> HTTPResponse {
        guard let name = body["metadata"]?["name"]?.stringValue else {
            return Answer.status(422, "Invalid", "metadata.name: Required value")
        }
        let key = ObjectKey(namespace: namespace, name: name)
        guard object(kind, key) == nil else {
            return Answer.status(409, "AlreadyExists", "\(kind.type.plural) \"\(name)\" already exists", name: name)
        }
        var object = body
        object["apiVersion"] = .string(kind.type.apiVersion)
        object["kind"] = .string(kind.type.kind)
        object[path: ["metadata", "namespace"]] = .string(namespace)
        object[path: ["metadata", "uid"]] = .string(makeUID())
        object[path: ["metadata", "generation"]] = 1
        object[path: ["metadata", "creationTimestamp"]] = .string(clock.now().roundedDownToSeconds.rfc3339)
        if kind.hasStatusSubresource { object["status"] = nil }
        return Answer.object(commit(.added, kind, key, object, by: writer).encoded, created: true)
    }

    func patch(_ target: RequestTarget, _ patch: JSONValue, by writer: Writer) -> HTTPResponse {
        guard let name = target.name else { return Answer.status(405, "MethodNotAllowed", "patch of a collection") }
        let key = ObjectKey(namespace: target.namespace ?? "", name: name)
        guard let old = object(target.kind, key) else { return Answer.notFound(target) }
        if let version = patch["metadata"]?["resourceVersion"], version != old["metadata"]?["resourceVersion"] {
            return Answer.conflict(target)
        }
        return store(old.merged(with: patch), over: old, target, key, by: writer)
    }

    func replace(_ target: RequestTarget, _ body: JSONValue, by writer: Writer) -> HTTPResponse {
        guard let name = target.name else { return Answer.status(405, "MethodNotAllowed", "put of a collection") }
        let key = ObjectKey(namespace: target.namespace ?? "", name: name)
        guard let old = object(target.kind, key) else { return Answer.notFound(target) }
        guard body["metadata"]?["resourceVersion"] == old["metadata"]?["resourceVersion"] else {
            return Answer.conflict(target)
        }
        return store(body, over: old, target, key, by: writer)
    }

    /// Applies the part of a write that its path may change, and stores the object if it changed.
    private func store(
        _ wanted: JSONValue, over old: JSONValue, _ target: RequestTarget, _ key: ObjectKey, by writer: Writer
    ) -> HTTPResponse {
        var new = old
        if target.subresource == "status" {
            guard target.kind.hasStatusSubresource else { return Answer.notServed }
            new["status"] = wanted["status"]
        } else {
            for member in wanted.objectValue ?? JSONObject() where member.key != "metadata" {
                if member.key == "status", target.kind.hasStatusSubresource { continue }
                new[member.key] = member.value
            }
            new[path: ["metadata", "labels"]] = wanted["metadata"]?["labels"]
            new[path: ["metadata", "annotations"]] = wanted["metadata"]?["annotations"]
            if new["spec"] != old["spec"] {
                let generation = old["metadata"]?["generation"]?.integerValue ?? 0
                new[path: ["metadata", "generation"]] = .integer(generation + 1)
            }
        }
        guard new != old else { return Answer.object(old.encoded) }
        return Answer.object(commit(.modified, target.kind, key, new, by: writer).encoded)
    }

    func delete(_ target: RequestTarget, _ options: JSONValue?, by writer: Writer) -> HTTPResponse {
        let key = ObjectKey(namespace: target.namespace ?? "", name: target.name ?? "")
        guard let old = object(target.kind, key) else { return Answer.notFound(target) }
        let preconditions = options?["preconditions"]
        for field in ["uid", "resourceVersion"] {
            if let wanted = preconditions?[field], wanted != old["metadata"]?[field] { return Answer.conflict(target) }
        }
        // In the foreground an object stays, marked, until the garbage collector has removed what it owns.
        if options?["propagationPolicy"] == "Foreground", target.kind == .executions {
            if old["metadata"]?["deletionTimestamp"] == nil {
                var marked = old
                marked[path: ["metadata", "deletionTimestamp"]] = .string(clock.now().roundedDownToSeconds.rfc3339)
                commit(.modified, target.kind, key, marked, by: writer)
            }
        } else {
            remove(target.kind, key, by: writer)
        }
        return Answer.object(old.encoded)
    }

    /// Deletes an object; one that a finalizer holds is only marked, once.
    func remove(_ kind: ResourceKind, _ key: ObjectKey, by writer: Writer) {
        guard var object = object(kind, key) else { return }
        guard object["metadata"]?["finalizers"] != nil else {
            commit(.deleted, kind, key, object, by: writer)
            return
        }
        guard object["metadata"]?["deletionTimestamp"] == nil else { return }
        object[path: ["metadata", "deletionTimestamp"]] = .string(clock.now().roundedDownToSeconds.rfc3339)
        commit(.modified, kind, key, object, by: writer)
    }

    /// Removes the finalizers of an object, which is then deleted if it was marked.
    func release(_ kind: ResourceKind, _ key: ObjectKey, _ uid: String, by writer: Writer) {
        guard let current = current(kind, key), current.uid == uid else { return }
        var object = current.object
        object[path: ["metadata", "finalizers"]] = nil
        let isMarked = object["metadata"]?["deletionTimestamp"] != nil
        commit(isMarked ? .deleted : .modified, kind, key, object, by: writer)
    }
}
