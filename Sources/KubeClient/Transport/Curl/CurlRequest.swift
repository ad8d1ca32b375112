/// A request with everything libcurl is told, checked.
struct CurlRequest: Sendable {
    let method: HTTPMethod
    let target: String
    /// Whole header lines.
    let headers: [String]
    let body: [UInt8]
    let timeout: Duration
    let credential: Credential
    let identity: CurlIdentity

    init(
        _ request: HTTPRequest, _ impersonation: HTTPHeaders, credential: Credential, identity: CurlIdentity
    ) throws(TransportError) {
        guard request.target.utf8.first == UInt8(ascii: "/"),
            request.target.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw TransportError(.invalidRequest, "the target \"\(request.target)\" is not percent-encoded") }
        method = request.method
        target = request.target
        body = request.body
        timeout = request.timeout
        self.credential = credential
        self.identity = identity
        // libcurl would ask before it sends a large body, and wait a second for servers that do not answer.
        var lines = ["Expect:"]
        try Self.append("Accept", request.accept, to: &lines)
        if let contentType = request.contentType { try Self.append("Content-Type", contentType, to: &lines) }
        if let authorization = credential.authorization {
            try Self.append("Authorization", authorization, to: &lines)
        }
        for field in impersonation.fields + request.headers.fields {
            try Self.append(field.name, field.value, to: &lines)
        }
        headers = lines
    }

    private static func append(_ name: String, _ value: String, to lines: inout [String]) throws(TransportError) {
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !name.isEmpty
        else { throw TransportError(.invalidRequest, "the header \"\(name)\" has control characters") }
        // A line that ends with its colon would tell libcurl to drop the header.
        lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
}

/// What a TLS connection is opened with; one with other certificates is another connection.
struct CurlIdentity: Hashable, Sendable {
    let authority: [UInt8]?
    let certificate: ClientCertificate?
}

/// What is the same for all requests to one server.
struct CurlSettings: Sendable {
    let address: ServerAddress
    let serverName: String?
    let skipsVerification: Bool
    let proxyURL: String?
    let asksForCompression: Bool
    let userAgent: String
}
