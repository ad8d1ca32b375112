/// A client for the verbs of the Kubernetes API.
///
/// Requests take bytes and responses go through a decoder, so the caller decides which fields to read. Idempotent
/// requests are retried by the ``RetryPolicy``.
///
/// A create can reach the server twice even without a retry here, because the transport resends a request if a reused
/// connection turns out to be dead. Use fixed names, and on `isAlreadyExists` check whether the object is the intended
/// one.
public struct KubeClient: Sendable {
    let transport: any HTTPTransport
    public var retry: RetryPolicy
    /// The timeout of one attempt of one request; for a watch, until it is open.
    public var requestTimeout: Duration

    public init(
        transport: any HTTPTransport, retry: RetryPolicy = RetryPolicy(), requestTimeout: Duration = .seconds(30)
    ) {
        self.transport = transport
        self.retry = retry
        self.requestTimeout = requestTimeout
    }

    /// Returns a client that sends its requests through the transport that `wrap` returns.
    public func routed(_ wrap: (any HTTPTransport) -> any HTTPTransport) -> KubeClient {
        KubeClient(transport: wrap(transport), retry: retry, requestTimeout: requestTimeout)
    }

    /// Sends a request until it succeeds or fails with an error that is not retried.
    func send(_ request: HTTPRequest, isIdempotent: Bool) async throws(KubeError) -> HTTPResponse {
        try await retrying(isIdempotent: isIdempotent) { () throws(KubeError) in
            let response = try await Self.wrappingErrors { () throws(TransportError) in
                try await transport.send(request)
            }
            guard (200..<300).contains(response.status) else { throw KubeError(response) }
            return response
        }
    }

    func retrying<Result>(
        isIdempotent: Bool, _ attempt: () async throws(KubeError) -> Result
    ) async throws(KubeError) -> Result {
        var retries = 0
        while true {
            let failure: KubeError
            do {
                return try await attempt()
            } catch {
                failure = error
            }
            guard let delay = retry.delay(after: failure, retries: retries, isIdempotent: isIdempotent) else {
                throw failure
            }
            do {
                try await retry.sleep(delay)
            } catch {
                throw .transport(TransportError(.cancelled, "canceled while waiting to retry: \(failure)"))
            }
            retries += 1
        }
    }

    static func wrappingErrors<Result>(
        _ exchange: () async throws(TransportError) -> Result
    ) async throws(KubeError) -> Result {
        do {
            return try await exchange()
        } catch {
            throw .transport(error)
        }
    }

    func request(_ method: HTTPMethod, _ target: String) -> HTTPRequest {
        HTTPRequest(method, target, timeout: requestTimeout)
    }

    /// Decodes the object in a response.
    static func decode<Object>(
        _ response: HTTPResponse, _ request: HTTPRequest, _ decode: ObjectDecoder<Object>
    ) throws(KubeError) -> Object {
        var cursor = JSONCursor(response.body)
        do {
            return try decode(&cursor)
        } catch {
            throw .undecodable("response to \(request.method.rawValue) \(request.target): \(error)")
        }
    }
}

extension KubeClient {
    /// Gets one object, or only its metadata if the server supports that.
    public func get<Object>(
        _ type: ResourceType, _ key: ObjectKey, asMetadataOnly: Bool = false, decoding decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> Object {
        var request = request(.get, type.path(namespace: key.namespace, name: key.name))
        if asMetadataOnly { request.accept = Self.metadataOnly(list: false) }
        return try Self.decode(try await send(request, isIdempotent: true), request, decoder)
    }

    /// Lists one page of a collection; a nil or empty namespace means all namespaces.
    ///
    /// The `continueToken` gets the next page and expires after some minutes (`isExpired`). If a page with a limit is too
    /// large for the transport, a smaller one is requested instead.
    public func list<Object>(
        _ type: ResourceType, namespace: String?, _ options: ListOptions = ListOptions(),
        decoding decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> ObjectPage<Object> {
        var options = options
        while true {
            do throws(KubeError) {
                return try await page(type, namespace, options, decoder)
            } catch {
                guard case .transport(let failure) = error, failure.kind == .tooLarge, let limit = options.limit,
                    limit > 1
                else { throw error }
                options.limit = max(1, limit / 4)
            }
        }
    }

    private func page<Object>(
        _ type: ResourceType, _ namespace: String?, _ options: ListOptions, _ decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> ObjectPage<Object> {
        var request = request(.get, options.query.target(type.path(namespace: namespace)))
        if options.asMetadataOnly { request.accept = Self.metadataOnly(list: true) }
        let response = try await send(request, isIdempotent: true)
        var page = try Self.decode(response, request) { (cursor) throws(JSONError) in
            try ObjectPage(&cursor, decoding: decoder)
        }
        page.observe(size: response.body.count)
        return page
    }

    /// Returns the names of the resources and subresources of a group and version, such as `pipelineruns/status`.
    ///
    /// Nil if the server does not serve the group or version.
    public func servedResources(group: String, version: String) async throws(KubeError) -> Set<String>? {
        let request = request(.get, ResourceType.path(group: group, version: version))
        let response: HTTPResponse
        do {
            response = try await send(request, isIdempotent: true)
        } catch {
            guard error.code == 404 else { throw error }
            return nil
        }
        return try Self.decode(response, request) { (cursor) throws(JSONError) in
            try cursor.readResourceNames()
        }
    }

    /// The media types that ask for metadata and fall back to the complete object.
    static func metadataOnly(list: Bool) -> String {
        let kind = list ? "PartialObjectMetadataList" : "PartialObjectMetadata"
        return "application/json;as=\(kind);g=meta.k8s.io;v=v1,application/json"
    }
}

extension JSONCursor {
    /// Reads the names of all resources in an `APIResourceList`.
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

extension KubeClient {
    /// Creates an object; retried only after 429, which means that the server did nothing.
    public func create<Object>(
        _ type: ResourceType, namespace: String?, body: [UInt8], _ options: WriteOptions = WriteOptions(),
        decoding decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> Object {
        var request = request(.post, options.query.target(type.path(namespace: namespace)))
        request.contentType = "application/json"
        request.body = body
        return try Self.decode(try await send(request, isIdempotent: false), request, decoder)
    }

    /// Replaces an object; if `body` names a resource version and the object has another, it fails with a conflict.
    public func replace<Object>(
        _ type: ResourceType, _ key: ObjectKey, subresource: String? = nil, body: [UInt8],
        _ options: WriteOptions = WriteOptions(), decoding decoder: ObjectDecoder<Object>
    ) async throws(KubeError) -> Object {
        let path = type.path(namespace: key.namespace, name: key.name, subresource: subresource)
        var request = request(.put, options.query.target(path))
        request.contentType = "application/json"
        request.body = body
        // As with a merge patch, a resource version in the body makes a duplicate request harmless.
        let isIdempotent = Patch.merge(body).isIdempotent
        return try Self.decode(try await send(request, isIdempotent: isIdempotent), request, decoder)
    }

    /// Patches an object or one of its subresources.
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
        return try Self.decode(try await send(request, isIdempotent: patch.isIdempotent), request, decoder)
    }

    /// Deletes an object; retried only if the options name its UID.
    ///
    /// If a deletion reaches the server twice, the second one fails with `isNotFoundObject`.
    public func delete(
        _ type: ResourceType, _ key: ObjectKey, _ options: DeleteOptions = DeleteOptions()
    ) async throws(KubeError) {
        var request = request(.delete, type.path(namespace: key.namespace, name: key.name))
        request.contentType = "application/json"
        request.body = options.body
        _ = try await send(request, isIdempotent: options.uid != nil)
    }
}

extension KubeClient {
    /// Watches a collection; a nil or empty namespace means all namespaces.
    ///
    /// - Returns: the open watch, after the server accepted it. It reports later errors as events or throws them.
    public func watch<Object: Sendable>(
        _ type: ResourceType, namespace: String?, _ options: WatchOptions,
        decoding decoder: @escaping ObjectDecoder<Object>
    ) async throws(KubeError) -> WatchStream<Object> {
        var request = request(.get, options.query.target(type.path(namespace: namespace)))
        if options.asMetadataOnly { request.accept = Self.metadataOnly(list: false) }
        let opening = request
        let stream = try await retrying(isIdempotent: true) { () throws(KubeError) in
            let stream = try await Self.wrappingErrors { () throws(TransportError) in try await transport.open(opening)
            }
            guard stream.status == 200 else { throw await Self.refusal(stream) }
            return stream
        }
        return WatchStream(body: stream.body, decoding: decoder)
    }

    /// Reads the body of an error response to a watch.
    private static func refusal(_ stream: HTTPStream) async -> KubeError {
        defer { stream.body.cancel() }
        var body: [UInt8] = []
        do {
            while body.count < 64 << 10, let bytes = try await stream.body.next() { body += bytes }
        } catch {
            return .transport(error)
        }
        return KubeError(HTTPResponse(status: stream.status, headers: stream.headers, body: body))
    }
}
