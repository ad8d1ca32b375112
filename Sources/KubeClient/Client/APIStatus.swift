/// The `Status` object in an API server's error response.
public struct APIStatus: Sendable, Hashable {
    /// The HTTP status code.
    public var code: Int
    /// The machine-readable reason: `NotFound`, `AlreadyExists`, `Conflict`, `Expired`…
    public var reason: String
    /// What went wrong; a server's message is truncated to ``maximumMessage`` bytes, because it can quote the request.
    public var message: String
    /// The delay that the server asks for, from the body or the `Retry-After` header.
    public var retryAfterSeconds: Int?
    public var details = Details()

    public init(code: Int, reason: String, message: String, retryAfterSeconds: Int? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The object that the request was about, and the causes of the error.
    public struct Details: Sendable, Hashable {
        public var name = ""
        public var group = ""
        /// The kind, or the plural name that API servers usually send.
        public var kind = ""
        public var uid = ""
        public var causes: [Cause] = []

        public init() {}
    }

    /// One cause of the error.
    public struct Cause: Sendable, Hashable {
        public var reason = ""
        public var message = ""
        public var field = ""

        public init() {}
    }
}

extension APIStatus {
    /// The requested version is too old, so the client must list again.
    public var isExpired: Bool { code == 410 || reason == "Expired" || reason == "Gone" }

    /// The server has not yet reached the requested version, so the client must retry without one.
    public var isResourceVersionTooLarge: Bool {
        details.causes.contains { $0.reason == "ResourceVersionTooLarge" }
            || code == 504 && message.contains("Too large resource version")
    }

    public var isConflict: Bool { code == 409 && reason == "Conflict" }
    public var isAlreadyExists: Bool { code == 409 && reason == "AlreadyExists" }

    /// The named object does not exist, as opposed to its resource type.
    public var isNotFoundObject: Bool { code == 404 && !details.name.isEmpty }

    /// A resource quota is exhausted, which can change later.
    public var isQuotaExceeded: Bool { code == 403 && message.contains("exceeded quota") }
}

extension APIStatus: CustomStringConvertible {
    public var description: String {
        let suffix = reason.isEmpty ? "" : " \(reason)"
        return message.isEmpty ? "\(code)\(suffix)" : "\(code)\(suffix): \(message)"
    }
}

extension APIStatus {
    /// The bounds of what is kept of a server's `Status`, in bytes of a text and in causes.
    static let maximumMessage = 8 << 10
    static let maximumWord = 1 << 10
    static let maximumCauses = 16

    /// Reads a `Status` object; missing fields are empty, a missing code is 0, and long texts are truncated.
    public init(_ cursor: inout JSONCursor) throws(JSONError) {
        self.init(code: 0, reason: "", message: "")
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if try cursor.readNull() { return }
            switch key {
            case "code": code = Int(clamping: try cursor.readInteger())
            case "reason": reason = try cursor.readString().bounded(to: Self.maximumWord)
            case "message": message = try cursor.readString().bounded(to: Self.maximumMessage)
            case "details": try readDetails(&cursor)
            default: try cursor.skipValue()
            }
        }
    }

    /// Parses the body of a response; nil if it is not a `Status`.
    init?(body: [UInt8]) {
        var probe = JSONCursor(body)
        var kind = ""
        try? probe.forEachField { (key, cursor) throws(JSONError) in
            if key == "kind" { kind = try cursor.readString() } else { try cursor.skipValue() }
        }
        var cursor = JSONCursor(body)
        guard kind == "Status", let status = try? APIStatus(&cursor) else { return nil }
        self = status
    }

    private mutating func readDetails(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if try cursor.readNull() { return }
            switch key {
            case "name": details.name = try cursor.readString().bounded(to: Self.maximumWord)
            case "group": details.group = try cursor.readString().bounded(to: Self.maximumWord)
            case "kind": details.kind = try cursor.readString().bounded(to: Self.maximumWord)
            case "uid": details.uid = try cursor.readString().bounded(to: Self.maximumWord)
            case "retryAfterSeconds": retryAfterSeconds = Int(clamping: try cursor.readInteger())
            case "causes":
                try cursor.forEachElement { (cursor) throws(JSONError) in
                    let cause = try Cause(&cursor)
                    if details.causes.count < Self.maximumCauses { details.causes.append(cause) }
                }
            default: try cursor.skipValue()
            }
        }
    }
}

extension APIStatus.Cause {
    fileprivate init(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if try cursor.readNull() { return }
            switch key {
            case "reason": reason = try cursor.readString().bounded(to: APIStatus.maximumWord)
            case "message": message = try cursor.readString().bounded(to: APIStatus.maximumWord)
            case "field": field = try cursor.readString().bounded(to: APIStatus.maximumWord)
            default: try cursor.skipValue()
            }
        }
    }
}
