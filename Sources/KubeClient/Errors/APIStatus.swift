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
