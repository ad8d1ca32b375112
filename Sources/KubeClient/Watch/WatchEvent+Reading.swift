extension WatchEvent {
    /// Reads one event of a watch; throws only where the text is no JSON object.
    package init(_ cursor: inout JSONCursor, decoding decode: ObjectDecoder<Object>) throws(JSONError) {
        var type: String?
        var event: WatchEvent?
        var unread: JSONCursor?
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "type": type = try cursor.readString()
            case "object":
                // Servers write the type first, and the object is then read where it stands.
                guard let type else {
                    unread = cursor
                    try cursor.skipValue()
                    return
                }
                event = try Self.read(type, &cursor, decode)
            default: try cursor.skipValue()
            }
        }
        if var unread { event = try Self.read(type ?? "", &unread, decode) }
        self =
            event ?? .undecodable(UndecodableObject(metadata: ObjectMetadata(), error: "a watch event without object"))
    }

    private static func read(
        _ type: String, _ cursor: inout JSONCursor, _ decode: ObjectDecoder<Object>
    ) throws(JSONError) -> WatchEvent {
        switch type {
        case "ADDED": try readObject(&cursor, decode) { .added($0) }
        case "MODIFIED": try readObject(&cursor, decode) { .modified($0) }
        case "DELETED": try readObject(&cursor, decode) { .deleted($0) }
        case "BOOKMARK": try readBookmark(&cursor)
        case "ERROR": try readFailure(&cursor)
        default: try unknown("a watch event of the unknown type \"\(type.prefix(40))\"", &cursor)
        }
    }

    private static func readObject(
        _ cursor: inout JSONCursor, _ decode: ObjectDecoder<Object>, _ event: (Object) -> WatchEvent
    ) throws(JSONError) -> WatchEvent {
        switch try cursor.decodeOrSkip(decode) {
        case .success(let object): event(object)
        case .failure(let object): .undecodable(object)
        }
    }

    private static func readBookmark(_ cursor: inout JSONCursor) throws(JSONError) -> WatchEvent {
        let ending = "k8s.io/initial-events-end"
        let decoded = try cursor.decodeOrSkip { (cursor) throws(JSONError) in
            var metadata = ObjectMetadata()
            try cursor.forEachField { (key, cursor) throws(JSONError) in
                if key == "metadata" {
                    metadata = try ObjectMetadata(&cursor, annotations: [ending])
                } else {
                    try cursor.skipValue()
                }
            }
            guard !metadata.resourceVersion.isEmpty else {
                throw JSONError("a bookmark without resourceVersion", offset: cursor.offset)
            }
            return metadata
        }
        switch decoded {
        case .success(let metadata):
            return .bookmark(metadata.resourceVersion, endsInitialEvents: metadata.annotation(ending) == "true")
        case .failure(let object): return .undecodable(object)
        }
    }

    private static func readFailure(_ cursor: inout JSONCursor) throws(JSONError) -> WatchEvent {
        switch try cursor.decodeOrSkip({ (cursor) throws(JSONError) in try APIStatus(&cursor) }) {
        case .success(let status): .failed(status)
        case .failure(let object):
            .failed(APIStatus(code: 500, reason: "", message: "unreadable status: \(object.error)"))
        }
    }

    private static func unknown(_ error: String, _ cursor: inout JSONCursor) throws(JSONError) -> WatchEvent {
        let start = cursor
        try cursor.skipValue()
        return .undecodable(UndecodableObject(salvaging: start, error: error))
    }
}
