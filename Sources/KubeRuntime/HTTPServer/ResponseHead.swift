import KubeClient

/// Writes the status line and the headers of an answer.
enum ResponseHead {
    enum Framing {
        case sized(Int)
        case chunked
        /// The body ends with the connection, for HTTP/1.0.
        case untilClose
    }

    static func bytes(_ response: HTTPServerResponse, _ framing: Framing, keepsAlive: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        bytes.append(contentsOf: "HTTP/1.1 \(response.status) \(reason(response.status))\r\n".utf8)
        for field in response.headers.fields {
            append(field.name, to: &bytes)
            bytes.append(contentsOf: ": ".utf8)
            append(field.value, to: &bytes)
            bytes.append(contentsOf: "\r\n".utf8)
        }
        switch framing {
        case .sized(let count): bytes.append(contentsOf: "Content-Length: \(count)\r\n".utf8)
        case .chunked: bytes.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
        case .untilClose: break
        }
        if !keepsAlive { bytes.append(contentsOf: "Connection: close\r\n".utf8) }
        bytes.append(contentsOf: "\r\n".utf8)
        return bytes
    }

    /// Appends a text without what could begin another header.
    private static func append(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 { bytes.append(byte < 0x20 ? 0x20 : byte) }
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
