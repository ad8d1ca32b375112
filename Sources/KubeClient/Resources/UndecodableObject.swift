/// An object the server sent and the decoder refused: what could be read of it, and why it was refused.
public struct UndecodableObject: Hashable, Sendable {
    /// As far as readable; empty otherwise.
    public var metadata: ObjectMetadata
    public let error: String

    /// How many labels are kept: an object that cannot be read may have any number of them.
    private static let maximumLabels = 64

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
            guard key == "metadata", try cursor.kind() == .object else {
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
                case ("labels", .object):
                    let labels = try cursor.readStrings().map { Label(key: $0.key, value: $0.value) }
                    metadata.labels = Array(labels.sorted { $0.key < $1.key }.prefix(Self.maximumLabels))
                default: try cursor.skipValue()
                }
            }
        }
        self.init(metadata: metadata, error: error)
    }

    public var key: ObjectKey { metadata.key }
}

extension JSONCursor {
    /// Reads the members of an object that are strings and steps over the others.
    mutating func readStrings() throws(JSONError) -> [String: String] {
        var strings: [String: String] = [:]
        try forEachField { (key, cursor) throws(JSONError) in
            if try cursor.kind() == .string {
                strings[key] = try cursor.readString()
            } else {
                try cursor.skipValue()
            }
        }
        return strings
    }
}
