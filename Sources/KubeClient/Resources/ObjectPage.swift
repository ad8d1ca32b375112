/// Decodes one object from a JSON text; it must consume exactly one value.
public typealias ObjectDecoder<Object> = @Sendable (inout JSONCursor) throws(JSONError) -> Object

/// One page of a collection.
public struct ObjectPage<Object> {
    public var items: [Object] = []
    /// The objects on this page that could not be decoded.
    public var undecodable: [UndecodableObject] = []
    /// The version of the collection, which is the same on all pages of a list.
    public var resourceVersion = ResourceVersion("")
    /// The token for the next page; nil on the last page.
    public var continueToken: String?
    /// How many such objects to request next, so that a page has about ``ObjectPage/targetSize`` bytes; at least 1.
    public var recommendedLimit = Int.max

    public init() {}
}

extension ObjectPage {
    /// The size of a page that is small in memory but still saves requests, in bytes.
    static var targetSize: Int { 2 << 20 }

    /// Derives ``recommendedLimit`` from the size of this page.
    mutating func observe(size: Int) {
        let count = items.count + undecodable.count
        guard count > 0 else { return }
        recommendedLimit = max(1, Self.targetSize / max(1, size / count))
    }
}

extension ObjectPage: Sendable where Object: Sendable {}

extension ObjectPage {
    /// Reads a list; items that cannot be decoded go to ``undecodable`` and do not affect the others.
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
    /// The result of decoding one object of a list or watch.
    enum Decoded<Object> {
        case success(Object)
        case failure(UndecodableObject)
    }

    /// Decodes one object, or skips it if the decoder fails; throws only if the text is not JSON.
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

/// An object from the server that could not be decoded, with the metadata that was readable.
public struct UndecodableObject: Hashable, Sendable {
    /// The readable fields; the others are empty.
    public var metadata: ObjectMetadata
    public let error: String

    /// The maximum number of labels that are kept, since an undecodable object may have any number.
    private static let maximumLabels = 64

    public init(metadata: ObjectMetadata, error: String) {
        self.metadata = metadata
        self.error = error
    }

    /// Reads as much of the object's metadata as possible.
    init(salvaging cursor: JSONCursor, error: String) {
        var cursor = cursor
        var metadata = ObjectMetadata()
        // Keep the fields before the first error.
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
                case ("ownerReferences", .array):
                    try cursor.forEachElement { (cursor) throws(JSONError) in
                        if let controller = try cursor.readController() { metadata.ownerReferences = [controller] }
                    }
                default: try cursor.skipValue()
                }
            }
        }
        self.init(metadata: metadata, error: error)
    }

    public var key: ObjectKey { metadata.key }
}

extension JSONCursor {
    /// Reads the type and UID of an owner reference that controls its object; nil for any other value.
    ///
    /// The API server does not limit the length of a reference's fields, but its own UIDs have 36 characters.
    fileprivate mutating func readController() throws(JSONError) -> OwnerReference? {
        guard try kind() == .object else {
            try skipValue()
            return nil
        }
        var owner = OwnerReference()
        try forEachField { (key, cursor) throws(JSONError) in
            switch (key, try cursor.kind()) {
            case ("uid", .string): owner.uid = try cursor.readString()
            case ("apiVersion", .string): owner.apiVersion = try cursor.readString()
            case ("kind", .string): owner.kind = try cursor.readString()
            case ("controller", .bool): owner.isController = try cursor.readBool()
            default: try cursor.skipValue()
            }
        }
        let isShort = owner.uid.utf8.count <= 64 && owner.kind.utf8.count <= 128 && owner.apiVersion.utf8.count <= 512
        return owner.isController && isShort ? owner : nil
    }

    /// Reads the string members of an object and skips the others.
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
