import KubeClient

/// The answers of the simulated server, with the bodies a kube-apiserver gives.
enum Answer {
    static func object(_ bytes: [UInt8], created: Bool = false) -> HTTPResponse {
        HTTPResponse(status: created ? 201 : 200, body: bytes)
    }

    static func status(
        _ code: Int, _ reason: String, _ message: String, name: String? = nil, retryAfter: Int? = nil,
        cause: String? = nil
    ) -> HTTPResponse {
        var details = JSONObject()
        if let name { details["name"] = .string(name) }
        if let retryAfter { details["retryAfterSeconds"] = .integer(Int64(retryAfter)) }
        if let cause { details["causes"] = .array([["reason": .string(cause), "message": .string(message)]]) }
        let body: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": .string(message),
            "reason": .string(reason), "details": .object(details), "code": .integer(Int64(code)),
        ]
        var headers = HTTPHeaders()
        if let retryAfter { headers.append("Retry-After", "\(retryAfter)") }
        return HTTPResponse(status: code, headers: headers, body: body.encoded)
    }

    /// A server's answer for an unknown path, without a `Status`.
    static let notServed = HTTPResponse(status: 404, body: Array("404 page not found\n".utf8))

    static func notFound(_ target: RequestTarget) -> HTTPResponse {
        let name = target.name ?? ""
        return status(404, "NotFound", "\(target.kind.type.plural) \"\(name)\" not found", name: name)
    }

    static func conflict(_ target: RequestTarget) -> HTTPResponse {
        status(409, "Conflict", "the object has been modified", name: target.name)
    }

    static let expired = status(410, "Expired", "too old resource version")

    static let tooLargeVersion = status(
        504, "Timeout", "Too large resource version", retryAfter: 1, cause: "ResourceVersionTooLarge")
}
