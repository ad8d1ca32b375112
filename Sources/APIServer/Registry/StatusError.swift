package import KubeClient

/// An API error: a `Status` object with status `Failure`.
package struct StatusError: Error, Hashable, Sendable {
    /// The HTTP status code.
    package let code: Int
    /// The machine-readable reason, such as `NotFound` or `AlreadyExists`.
    package let reason: String
    /// The description for users.
    package let message: String
    /// The object or kind that the error refers to, if any.
    package var details: Details?

    /// The subject of an error.
    package struct Details: Hashable, Sendable {
        package var name = ""
        package var group = ""
        /// The plural resource name, or the kind if the object itself is invalid.
        package var kind = ""
        package var uid = ""
        package var causes: [Cause] = []
        package var retryAfterSeconds: Int?

        package init() {}
    }

    /// One cause of an error.
    package struct Cause: Hashable, Sendable {
        package let reason: String
        package let message: String
        /// The path of the field, such as `spec.workflowRef.engine`.
        package let field: String

        package init(reason: String, message: String, field: String) {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }

    package init(code: Int, reason: String, message: String, details: Details? = nil) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }
}

extension StatusError {
    private init(_ code: Int, _ reason: String, _ message: String, _ resource: GroupResource, _ name: String) {
        self.init(code: code, reason: reason, message: message)
        var details = Details()
        details.name = name
        details.group = resource.group
        details.kind = resource.resource
        self.details = details
    }

    static func badRequest(_ message: String) -> StatusError {
        StatusError(code: 400, reason: "BadRequest", message: message)
    }

    static func notFound(_ resource: GroupResource, _ name: String) -> StatusError {
        StatusError(404, "NotFound", "\(resource) \"\(name)\" not found", resource, name)
    }

    static func alreadyExists(_ resource: GroupResource, _ name: String) -> StatusError {
        StatusError(409, "AlreadyExists", "\(resource) \"\(name)\" already exists", resource, name)
    }

    static func conflict(_ resource: GroupResource, _ name: String, _ why: String) -> StatusError {
        StatusError(409, "Conflict", "Operation cannot be fulfilled on \(resource) \"\(name)\": \(why)", resource, name)
    }

    /// The error for a write that is based on an old version of the object.
    static func staleWrite(_ resource: GroupResource, _ name: String) -> StatusError {
        conflict(
            resource, name,
            "the object has been modified; please apply your changes to the latest version and try again")
    }

    static func forbidden(_ resource: GroupResource, _ name: String, _ why: String) -> StatusError {
        StatusError(403, "Forbidden", "\(resource) \"\(name)\" is forbidden: \(why)", resource, name)
    }

    static func methodNotAllowed(_ verb: String) -> StatusError {
        StatusError(
            code: 405, reason: "MethodNotAllowed", message: "\(verb) is not supported on resources of this kind")
    }

    static func unsupportedMediaType(_ accepted: [String]) -> StatusError {
        StatusError(
            code: 415, reason: "UnsupportedMediaType",
            message: "the body of the request was in an unknown format - accepted media types include: "
                + accepted.joined(separator: ", "))
    }

    static func notAcceptable(_ accepted: [String]) -> StatusError {
        StatusError(
            code: 406, reason: "NotAcceptable",
            message: "only the following media types are accepted: " + accepted.joined(separator: ", "))
    }

    static func expired(_ message: String) -> StatusError {
        StatusError(code: 410, reason: "Expired", message: message)
    }

    /// The error for a resource version that the server has not reached yet.
    static func resourceVersionTooLarge(_ asked: Int64, current: Int64) -> StatusError {
        var details = Details()
        details.causes = [
            Cause(reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "")
        ]
        details.retryAfterSeconds = 1
        return StatusError(
            code: 504, reason: "Timeout", message: "Too large resource version: \(asked), current: \(current)",
            details: details)
    }

    /// The error for an invalid object; `kind` is the kind of the object, not the plural name.
    static func invalid(group: String, kind: String, name: String, causes: [Cause]) -> StatusError {
        var details = Details()
        details.name = name
        details.group = group
        details.kind = kind
        details.causes = causes
        let subject = group.isEmpty ? kind : "\(kind).\(group)"
        let texts = causes.map { $0.field.isEmpty ? $0.message : "\($0.field): \($0.message)" }
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        return StatusError(
            code: 422, reason: "Invalid", message: "\(subject) \"\(name)\" is invalid: \(list)", details: details)
    }
}

extension StatusError {
    /// The `Status` object for the client.
    package var object: JSONValue {
        var status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
            "message": .string(message), "reason": .string(reason),
        ]
        if let details { status["details"] = details.object }
        status["code"] = .integer(Int64(code))
        return status
    }
}

extension StatusError.Details {
    fileprivate var object: JSONValue {
        var object: JSONValue = [:]
        if !name.isEmpty { object["name"] = .string(name) }
        if !group.isEmpty { object["group"] = .string(group) }
        if !kind.isEmpty { object["kind"] = .string(kind) }
        if !uid.isEmpty { object["uid"] = .string(uid) }
        if !causes.isEmpty { object["causes"] = .array(causes.map(\.object)) }
        if let retryAfterSeconds { object["retryAfterSeconds"] = .integer(Int64(retryAfterSeconds)) }
        return object
    }
}

extension StatusError.Cause {
    fileprivate var object: JSONValue {
        var object: JSONValue = ["reason": .string(reason), "message": .string(message)]
        if !field.isEmpty { object["field"] = .string(field) }
        return object
    }
}
