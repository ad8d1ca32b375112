public import KubeClient

/// A complete request from a client.
public struct HTTPServerRequest: Sendable {
    /// In upper case, as sent: `GET`.
    public let method: String
    /// The path as sent, percent-encoded, without the query.
    public let path: String
    /// The decoded parts of the path between slashes; a trailing slash adds none.
    public let segments: [String]
    /// The decoded items of the query, in order; an item without `=` has an empty value.
    public let query: [QueryItem]
    public let headers: HTTPHeaders
    public let body: [UInt8]

    /// One item of a query.
    public struct QueryItem: Sendable, Hashable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(
        method: String, path: String, segments: [String], query: [QueryItem], headers: HTTPHeaders, body: [UInt8]
    ) {
        self.method = method
        self.path = path
        self.segments = segments
        self.query = query
        self.headers = headers
        self.body = body
    }

    /// The value of the first query item with this name.
    public func queryValue(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }
}

extension HTTPServerRequest {
    /// Parses a request target; nil if it is malformed.
    static func parse(target: String) -> (path: String, segments: [String], query: [QueryItem])? {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, path.utf8.first == UInt8(ascii: "/") else { return nil }
        var segments: [String] = []
        for part in path.split(separator: "/") {
            guard let segment = String(part).percentDecoded() else { return nil }
            segments.append(segment)
        }
        var query: [QueryItem] = []
        for member in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let sides = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = sides.first.flatMap({ String($0).percentDecoded(plusIsSpace: true) }),
                let value = String(sides.count > 1 ? sides[1] : "").percentDecoded(plusIsSpace: true)
            else { return nil }
            query.append(QueryItem(name: name, value: value))
        }
        return (String(path), segments, query)
    }
}

/// The response to a request.
public struct HTTPServerResponse: Sendable {
    public var status: Int
    /// In addition to the headers that the server writes: Content-Length, Transfer-Encoding and Connection.
    public var headers: HTTPHeaders
    public var body: Body

    public enum Body: Sendable {
        case bytes([UInt8])
        /// A body of any length. It ends when the closure returns, and is aborted when it throws.
        ///
        /// The closure's task is canceled when the client disconnects or the server shuts down.
        case stream(@Sendable (ResponseWriter) async throws -> Void)
    }

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A response with UTF-8 text.
    public static func text(_ text: String, status: Int = 200) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .bytes(Array(text.utf8)))
    }

    /// A response with JSON.
    public static func json(_ bytes: [UInt8], status: Int = 200) -> HTTPServerResponse {
        HTTPServerResponse(status: status, headers: ["Content-Type": "application/json"], body: .bytes(bytes))
    }
}
