/// Reads one object from a JSON text; it must consume exactly one value.
public typealias ObjectDecoder<Object> = @Sendable (inout JSONCursor) throws(JSONError) -> Object

/// One page of a collection.
public struct ObjectPage<Object> {
    public var items: [Object] = []
    /// The objects on this page the decoder refused.
    public var undecodable: [UndecodableObject] = []
    /// The collection's version, the same on all pages of one listing.
    public var resourceVersion = ResourceVersion("")
    /// The token for the next page; nil on the last.
    public var continueToken: String?

    public init() {}
}

extension ObjectPage: Sendable where Object: Sendable {}

extension ObjectPage {
    /// Reads a list; an item that cannot be decoded is set aside and costs the others nothing.
    init(_ cursor: inout JSONCursor, decoding decode: ObjectDecoder<Object>) throws(JSONError) {
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if try cursor.readNull() { return }
            switch key {
            case "metadata": try readMetadata(&cursor)
            case "items":
                try cursor.forEachElement { (cursor) throws(JSONError) in
                    switch try cursor.decodeOrSkip(decode) {
                    case .success(let item): items.append(item)
                    case .failure(let object): undecodable.append(object)
                    }
                }
            default: try cursor.skipValue()
            }
        }
    }

    private mutating func readMetadata(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if try cursor.readNull() { return }
            switch key {
            case "resourceVersion": resourceVersion = ResourceVersion(try cursor.readString())
            case "continue":
                let token = try cursor.readString()
                continueToken = token.isEmpty ? nil : token
            default: try cursor.skipValue()
            }
        }
    }
}

extension JSONCursor {
    /// What became of one object of many.
    enum Decoded<Object> {
        case success(Object)
        case failure(UndecodableObject)
    }

    /// Decodes one object, or steps over it where the decoder refuses; throws where the text itself is broken.
    mutating func decodeOrSkip<Object>(_ decode: ObjectDecoder<Object>) throws(JSONError) -> Decoded<Object> {
        let start = self
        do throws(JSONError) {
            return .success(try decode(&self))
        } catch {
            self = start
            try skipValue()
            return .failure(UndecodableObject(salvaging: start, error: error.description))
        }
    }
}

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
