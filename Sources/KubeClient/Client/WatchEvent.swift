/// An event of a watch.
public enum WatchEvent<Object> {
    case added(Object)
    case modified(Object)
    /// The last state of the object, with the version of the deletion.
    case deleted(Object)
    /// All events up to this version were sent; `endsInitialEvents` if this completes the initial state.
    case bookmark(ResourceVersion, endsInitialEvents: Bool)
    /// The server ended the watch with an error; no events follow.
    case failed(APIStatus)
    /// An undecodable object, or an event of an unknown type; the watch continues.
    case undecodable(UndecodableObject)
    /// The deletion of an object whose last state is undecodable; the watch continues.
    case undecodableDeletion(UndecodableObject)
}

extension WatchEvent: Sendable where Object: Sendable {}
extension WatchEvent: Equatable where Object: Equatable {}

extension WatchEvent {
    /// Reads one event; throws only if the text is not a JSON object.
    package init(_ cursor: inout JSONCursor, decoding decode: ObjectDecoder<Object>) throws(JSONError) {
        var type: String?
        var event: WatchEvent?
        var unread: JSONCursor?
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "type": type = try cursor.readString()
            case "object":
                // Servers write the type first, so the object can be decoded right away.
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
            event
            ?? .unreadable(
                type, UndecodableObject(metadata: ObjectMetadata(), error: "the watch event has no object"))
    }

    /// Reads the type and the metadata from the beginning of an incomplete event.
    init(salvaging cursor: JSONCursor, error: String) {
        var cursor = cursor
        var type: String?
        var object = UndecodableObject(metadata: ObjectMetadata(), error: error)
        // Keep the fields before the end of the text.
        try? cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "type": type = try cursor.readString()
            case "object":
                object = UndecodableObject(salvaging: cursor, error: error)
                try cursor.skipValue()
            default: try cursor.skipValue()
            }
        }
        self = .unreadable(type, object)
    }

    /// An event of an undecodable object; the type says whether the object still exists.
    static func unreadable(_ type: String?, _ object: UndecodableObject) -> WatchEvent {
        type == deletion ? .undecodableDeletion(object) : .undecodable(object)
    }

    private static var deletion: String { "DELETED" }

    private static func read(
        _ type: String, _ cursor: inout JSONCursor, _ decode: ObjectDecoder<Object>
    ) throws(JSONError) -> WatchEvent {
        switch type {
        case "ADDED": try readObject(type, &cursor, decode) { .added($0) }
        case "MODIFIED": try readObject(type, &cursor, decode) { .modified($0) }
        case deletion: try readObject(type, &cursor, decode) { .deleted($0) }
        case "BOOKMARK": try readBookmark(&cursor)
        case "ERROR": try readFailure(&cursor)
        default: try unknown("the watch event has the unknown type \"\(type.prefix(40))\"", &cursor)
        }
    }

    private static func readObject(
        _ type: String, _ cursor: inout JSONCursor, _ decode: ObjectDecoder<Object>, _ event: (Object) -> WatchEvent
    ) throws(JSONError) -> WatchEvent {
        switch try cursor.decodeOrSkip(decode) {
        case .success(let object): event(object)
        case .failure(let object): unreadable(type, object)
        }
    }

    /// Reads the version and the annotation of a bookmark and ignores the rest.
    private static func readBookmark(_ cursor: inout JSONCursor) throws(JSONError) -> WatchEvent {
        let decoded = try cursor.decodeOrSkip { (cursor) throws(JSONError) in
            var (version, endsInitialEvents) = (ResourceVersion(""), false)
            try cursor.forEachField { (key, cursor) throws(JSONError) in
                guard key == "metadata", try cursor.kind() == .object else {
                    try cursor.skipValue()
                    return
                }
                try cursor.forEachField { (key, cursor) throws(JSONError) in
                    switch (key, try cursor.kind()) {
                    case ("resourceVersion", .string): version = ResourceVersion(try cursor.readString())
                    case ("annotations", .object):
                        endsInitialEvents = try cursor.readStrings()["k8s.io/initial-events-end"] == "true"
                    default: try cursor.skipValue()
                    }
                }
            }
            return (version, endsInitialEvents)
        }
        // A bookmark describes no object, so it makes no object stale.
        let unreadable = UndecodableObject(metadata: ObjectMetadata(), error: "the bookmark has no resourceVersion")
        guard case .success(let (version, endsInitialEvents)) = decoded, !version.isEmpty else {
            return .undecodable(unreadable)
        }
        return .bookmark(version, endsInitialEvents: endsInitialEvents)
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
