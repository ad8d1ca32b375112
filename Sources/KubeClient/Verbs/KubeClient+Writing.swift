extension KubeClient {
    /// Creates an object; repeated only when the server said that it did nothing (429).
    public func create<Object>(
        _ type: ResourceType, namespace: String?, body: [UInt8], _ options: WriteOptions = WriteOptions(),
        decoding decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> Object {
        var request = request(.post, options.query.target(type.path(namespace: namespace)))
        request.contentType = "application/json"
        request.body = body
        return try Self.decode(try await send(request, isRepeatable: false), request, decoder)
    }

    /// Replaces an object by one that carries the version it was made from; another version is a conflict.
    public func replace<Object>(
        _ type: ResourceType, _ key: ObjectKey, subresource: String? = nil, body: [UInt8],
        _ options: WriteOptions = WriteOptions(), decoding decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> Object {
        let path = type.path(namespace: key.namespace, name: key.name, subresource: subresource)
        var request = request(.put, options.query.target(path))
        request.contentType = "application/json"
        request.body = body
        // Named versions make the second arrival harmless, as they do for a merge patch.
        let isRepeatable = Patch.merge(body).isRepeatable
        return try Self.decode(try await send(request, isRepeatable: isRepeatable), request, decoder)
    }

    /// Changes an object, or one of its subresources.
    public func patch<Object>(
        _ type: ResourceType, _ key: ObjectKey, subresource: String? = nil, _ patch: Patch,
        _ options: WriteOptions = WriteOptions(), decoding decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> Object {
        let path = type.path(namespace: key.namespace, name: key.name, subresource: subresource)
        var query = options.query
        if case .apply(_, let force) = patch { query.append("force", force ? "true" : "false") }
        var request = request(.patch, query.target(path))
        request.contentType = patch.contentType
        request.body = patch.body
        return try Self.decode(try await send(request, isRepeatable: patch.isRepeatable), request, decoder)
    }

    /// Deletes an object; repeated on trouble only when the options name its UID.
    ///
    /// A deletion that arrived twice ends with `isNotFoundObject`.
    public func delete(
        _ type: ResourceType, _ key: ObjectKey, _ options: DeleteOptions = DeleteOptions()
    ) async throws(KubeError) {
        var request = request(.delete, type.path(namespace: key.namespace, name: key.name))
        request.contentType = "application/json"
        request.body = options.body
        _ = try await send(request, isRepeatable: options.uid != nil)
    }
}
