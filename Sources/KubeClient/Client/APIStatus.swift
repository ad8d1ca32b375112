/// The `Status` object an API server answers instead of what was asked for.
public struct APIStatus: Sendable, Hashable {
    /// The HTTP status code.
    public var code: Int
    /// The machine-readable word: `NotFound`, `AlreadyExists`, `Conflict`, `Expired`…
    public var reason: String
    public var message: String
    /// How long the server asks to wait, from the body or from the `Retry-After` header.
    public var retryAfterSeconds: Int?
    public var details = Details()

    public init(code: Int, reason: String, message: String, retryAfterSeconds: Int? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// What the status is about.
    public struct Details: Sendable, Hashable {
        public var name = ""
        public var group = ""
        /// The kind or, as the API server mostly has it, the plural name.
        public var kind = ""
        public var uid = ""
        public var causes: [Cause] = []

        public init() {}
    }

    /// One of the faults the server found.
    public struct Cause: Sendable, Hashable {
        public var reason = ""
        public var message = ""
        public var field = ""

        public init() {}
    }
}

extension APIStatus {
    /// The version is too old for the server's history: list again.
    public var isExpired: Bool { code == 410 || reason == "Expired" || reason == "Gone" }

    /// The server has not yet seen the version that was asked for: ask without one.
    public var isResourceVersionTooLarge: Bool {
        details.causes.contains { $0.reason == "ResourceVersionTooLarge" }
            || code == 504 && message.contains("Too large resource version")
    }

    public var isConflict: Bool { code == 409 && reason == "Conflict" }
    public var isAlreadyExists: Bool { code == 409 && reason == "AlreadyExists" }

    /// One named object does not exist, as opposed to its whole resource type.
    public var isNotFoundObject: Bool { code == 404 && !details.name.isEmpty }

    /// A resource quota has no room left; it may have some later.
    public var isQuotaExceeded: Bool { code == 403 && message.contains("exceeded quota") }
}

extension APIStatus: CustomStringConvertible {
    public var description: String {
        let word = reason.isEmpty ? "" : " \(reason)"
        return message.isEmpty ? "\(code)\(word)" : "\(code)\(word): \(message)"
    }
}

extension APIStatus {
    /// Reads a `Status` object; what is missing stays empty, and the code 0 when the text has none.
    public init(_ cursor: inout JSONCursor) throws(JSONError) {
        self.init(code: 0, reason: "", message: "")
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if try cursor.readNull() { return }
            switch key {
            case "code": code = Int(clamping: try cursor.readInteger())
            case "reason": reason = try cursor.readString()
            case "message": message = try cursor.readString()
            case "details": try readDetails(&cursor)
            default: try cursor.skipValue()
            }
        }
    }

    /// Reads the body of an answer; nil when it holds no `Status`.
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
            case "name": details.name = try cursor.readString()
            case "group": details.group = try cursor.readString()
            case "kind": details.kind = try cursor.readString()
            case "uid": details.uid = try cursor.readString()
            case "retryAfterSeconds": retryAfterSeconds = Int(clamping: try cursor.readInteger())
            case "causes":
                try cursor.forEachElement { (cursor) throws(JSONError) in
                    details.causes.append(try Cause(&cursor))
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
            case "reason": reason = try cursor.readString()
            case "message": message = try cursor.readString()
            case "field": field = try cursor.readString()
            default: try cursor.skipValue()
            }
        }
    }
}
