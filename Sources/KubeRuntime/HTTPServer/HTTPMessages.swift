public import KubeClient

/// A complete request a client sent.
public struct HTTPServerRequest: Sendable {
    /// Upper case, as sent: `GET`.
    public let method: String
    /// The path as sent, percent-encoded, without the query.
    public let path: String
    /// The parts of the path between slashes, decoded; a closing slash adds none.
    public let segments: [String]
    /// The query's members in order, decoded; a member without `=` has an empty value.
    public let query: [QueryItem]
    public let headers: HTTPHeaders
    public let body: [UInt8]

    /// One member of a query.
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

    /// The value of the first member of that name.
    public func queryValue(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }
}

extension HTTPServerRequest {
    /// Takes a request target apart; nil when it is malformed.
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

/// The answer to a request.
public struct HTTPServerResponse: Sendable {
    public var status: Int
    /// Beyond the headers the server writes itself: length, encoding of the transfer, connection.
    public var headers: HTTPHeaders
    public var body: Body

    public enum Body: Sendable {
        case bytes([UInt8])
        /// A body of any length; it ends when the closure returns, and is broken off when it throws.
        ///
        /// The closure's task is cancelled when the client goes away or the server shuts down.
        case stream(@Sendable (ResponseWriter) async throws -> Void)
    }

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer with a text, UTF-8.
    public static func text(_ text: String, status: Int = 200) -> HTTPServerResponse {
        HTTPServerResponse(
            status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: .bytes(Array(text.utf8)))
    }

    /// An answer with a JSON text.
    public static func json(_ bytes: [UInt8], status: Int = 200) -> HTTPServerResponse {
        HTTPServerResponse(status: status, headers: ["Content-Type": "application/json"], body: .bytes(bytes))
    }
}
