/// An object the server sent and the decoder refused: what could be read of it, and why it was refused.
public struct UndecodableObject: Hashable, Sendable {
    /// As far as readable; empty otherwise.
    public var metadata: ObjectMetadata
    public let error: String

    public init(metadata: ObjectMetadata, error: String) {
        self.metadata = metadata
        self.error = error
    }

    /// Reads as much of the object's identity as its text allows.
    init(salvaging cursor: JSONCursor, error: String) {
        var cursor = cursor
        var metadata = ObjectMetadata()
        // What was read before the first fault stays.
        try? cursor.forEachField { (key, cursor) throws(JSONError) in
            guard key == "metadata" else {
                try cursor.skipValue()
                return
            }
            try cursor.forEachField { (key, cursor) throws(JSONError) in
                switch (key, try cursor.kind()) {
                case ("name", .string): metadata.name = try cursor.readString()
                case ("namespace", .string): metadata.namespace = try cursor.readString()
                case ("uid", .string): metadata.uid = try cursor.readString()
                case ("resourceVersion", .string):
                    metadata.resourceVersion = ResourceVersion(try cursor.readString())
                default: try cursor.skipValue()
                }
            }
        }
        self.init(metadata: metadata, error: error)
    }

    /// Reads as much of the identity of a watch event's object as the text allows.
    init(salvagingEvent cursor: JSONCursor, error: String) {
        var cursor = cursor
        var object = UndecodableObject(metadata: ObjectMetadata(), error: error)
        try? cursor.forEachField { (key, cursor) throws(JSONError) in
            if key == "object" { object = UndecodableObject(salvaging: cursor, error: error) }
            try cursor.skipValue()
        }
        self = object
    }

    public var key: ObjectKey { metadata.key }
}
