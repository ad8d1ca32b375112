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
