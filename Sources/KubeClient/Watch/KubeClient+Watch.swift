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
