/// Speaks the verbs of the Kubernetes API over a transport.
///
/// Objects travel as bytes on the way out and through a decoder on the way in: the caller decides what is worth
/// reading. Requests that may be repeated without harm are, within the bounds of the ``RetryPolicy``.
///
/// A create may reach the server twice even without a repetition from here, because the transport below re-sends a
/// request when a kept connection turns out to be dead. Give objects fixed names, and on `isAlreadyExists` look whether
/// the object is the one that was meant.
public struct KubeClient: Sendable {
    let transport: any HTTPTransport
    public var retry: RetryPolicy
    /// The longest time for one try of one request; for a watch, until it is open.
    public var requestTimeout: Duration

    public init(
        transport: any HTTPTransport, retry: RetryPolicy = RetryPolicy(), requestTimeout: Duration = .seconds(30)
    ) {
        self.transport = transport
        self.retry = retry
        self.requestTimeout = requestTimeout
    }

    /// Returns a client whose requests go through what `route` makes of the transport.
    public func routed(_ route: (any HTTPTransport) -> any HTTPTransport) -> KubeClient {
        KubeClient(transport: route(transport), retry: retry, requestTimeout: requestTimeout)
    }

    /// Sends a request until it succeeds, fails for good or must not be repeated.
    func send(_ request: HTTPRequest, isRepeatable: Bool) async throws(KubeError) -> HTTPResponse {
        try await repeating(isRepeatable: isRepeatable) { () throws(KubeError) in
            let response = try await Self.carrying { () throws(TransportError) in try await transport.send(request) }
            guard (200..<300).contains(response.status) else { throw KubeError(response) }
            return response
        }
    }

    func repeating<Result>(
        isRepeatable: Bool, _ attempt: () async throws(KubeError) -> Result
    ) async throws(KubeError) -> Result {
        var repetition = 0
        while true {
            let failure: KubeError
            do {
                return try await attempt()
            } catch {
                failure = error
            }
            guard let pause = retry.pause(after: failure, repetition: repetition, isRepeatable: isRepeatable) else {
                throw failure
            }
            do {
                try await retry.sleep(pause)
            } catch {
                throw .transport(TransportError(.cancelled, "cancelled while waiting to repeat: \(failure)"))
            }
            repetition += 1
        }
    }

    static func carrying<Result>(
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

    /// Decodes the one object an answer holds.
    static func decode<Object>(
        _ response: HTTPResponse, _ request: HTTPRequest, _ decode: ObjectDecoder<Object>
    ) throws(KubeError) -> Object {
        var cursor = JSONCursor(response.body)
        do {
            return try decode(&cursor)
        } catch {
            throw .undecodable("answer to \(request.method.rawValue) \(request.target): \(error)")
        }
    }
}

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

extension KubeClient {
    /// Watches a collection; nil or an empty namespace means all of them.
    ///
    /// - Returns: the open watch, after the server accepted it. Later trouble arrives as an event or is thrown there.
    public func watch<Object: Sendable>(
        _ type: ResourceType, namespace: String?, _ options: WatchOptions,
        decoding decoder: @escaping ObjectDecoder<Object>
    ) async throws(KubeError) -> WatchStream<Object> {
        var request = request(.get, options.query.target(type.path(namespace: namespace)))
        if options.asMetadataOnly { request.accept = Self.metadataOnly(list: false) }
        let opening = request
        let stream = try await repeating(isRepeatable: true) { () throws(KubeError) in
            let stream = try await Self.carrying { () throws(TransportError) in try await transport.open(opening) }
            guard stream.status == 200 else { throw await Self.refusal(stream) }
            return stream
        }
        return WatchStream(body: stream.body, decoding: decoder)
    }

    /// Reads the error a server answered instead of a watch.
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
