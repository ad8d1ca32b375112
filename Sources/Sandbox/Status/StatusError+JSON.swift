import KubeClient

extension StatusError {
    /// The `Status` object that tells a client of the refusal.
    var object: JSONValue {
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
