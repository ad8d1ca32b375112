/// A complete answer.
public struct HTTPResponse: Sendable, Hashable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An answer whose body is still arriving.
public struct HTTPStream: Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    public let body: any HTTPBody

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: any HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
