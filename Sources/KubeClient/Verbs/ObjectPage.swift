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
