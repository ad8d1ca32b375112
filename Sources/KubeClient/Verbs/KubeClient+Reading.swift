extension KubeClient {
    /// Reads one object, or only its metadata where the server can reduce it.
    public func get<Object>(
        _ type: ResourceType, _ key: ObjectKey, asMetadataOnly: Bool = false, decoding decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> Object {
        var request = request(.get, type.path(namespace: key.namespace, name: key.name))
        if asMetadataOnly { request.accept = Self.metadataOnly(list: false) }
        return try Self.decode(try await send(request, isRepeatable: true), request, decoder)
    }

    /// Reads one page of a collection; nil or an empty namespace means all of them.
    ///
    /// The page after it is asked for with its `continueToken`, which expires after some minutes (`isExpired`).
    public func list<Object>(
        _ type: ResourceType, namespace: String?, _ options: ListOptions = ListOptions(),
        decoding decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> ObjectPage<Object> {
        var request = request(.get, options.query.target(type.path(namespace: namespace)))
        if options.asMetadataOnly { request.accept = Self.metadataOnly(list: true) }
        return try Self.decode(try await send(request, isRepeatable: true), request) { (cursor) throws(JSONError) in
            try ObjectPage(&cursor, decoding: decoder)
        }
    }

    /// Returns the names of the resources and subresources served under a group and version.
    ///
    /// Nil when the server knows no such group or version. Subresources read `pipelineruns/status`.
    public func servedResources(group: String, version: String) async throws(KubeError) -> Set<String>? {
        let request = request(.get, ResourceType.path(group: group, version: version))
        let response: HTTPResponse
        do {
            response = try await send(request, isRepeatable: true)
        } catch {
            guard error.code == 404 else { throw error }
            return nil
        }
        return try Self.decode(response, request) { (cursor) throws(JSONError) in
            try cursor.readResourceNames()
        }
    }

    /// The media type that asks for metadata, and for the whole object where the server cannot reduce it.
    static func metadataOnly(list: Bool) -> String {
        let kind = list ? "PartialObjectMetadataList" : "PartialObjectMetadata"
        return "application/json;as=\(kind);g=meta.k8s.io;v=v1,application/json"
    }
}

extension JSONCursor {
    /// Reads the `name` of all `resources` of an `APIResourceList`.
    fileprivate mutating func readResourceNames() throws(JSONError) -> Set<String> {
        var names: Set<String> = []
        try forEachField { (key, cursor) throws(JSONError) in
            if try cursor.readNull() { return }
            guard key == "resources" else {
                try cursor.skipValue()
                return
            }
            try cursor.forEachElement { (cursor) throws(JSONError) in
                try cursor.forEachField { (key, cursor) throws(JSONError) in
                    if key == "name" { names.insert(try cursor.readString()) } else { try cursor.skipValue() }
                }
            }
        }
        return names
    }
}
