import KubeClient

/// Reads an object in the protobuf encoding of the API, which newer kubectls and Helm use for built-in kinds.
///
/// The sandbox itself answers in JSON, which every client accepts beside protobuf.
enum ProtobufObject {
    static let mediaType = "application/vnd.kubernetes.protobuf"
    /// The four bytes before the envelope.
    private static let magic: [UInt8] = Array("k8s".utf8) + [0]

    static func read(_ bytes: [UInt8]) throws(StatusError) -> JSONValue {
        guard bytes.starts(with: magic) else {
            throw .badRequest("couldn't read the body of the request: no protobuf envelope")
        }
        do {
            return try readEnvelope(bytes.dropFirst(magic.count))
        } catch let refusal as StatusError {
            throw refusal
        } catch {
            throw .badRequest("couldn't read the body of the request: malformed protobuf")
        }
    }

    private static func readEnvelope(_ bytes: ArraySlice<UInt8>) throws -> JSONValue {
        var reader = ProtobufReader(bytes)
        var identity: JSONValue = [:]
        var content: ArraySlice<UInt8> = []
        while let field = try reader.next() {
            guard case .bytes(let bytes) = field.value else { continue }
            switch field.number {
            case 1:
                let shape: [Int: ProtobufField] = [1: ProtobufField("apiVersion"), 2: ProtobufField("kind")]
                identity = try message(bytes, shape)
            case 2: content = bytes
            default: break
            }
        }
        let kind = identity["kind"]?.stringValue ?? ""
        // Every group has its own DeleteOptions, and all are alike.
        guard identity["apiVersion"] == "v1" || kind == "DeleteOptions",
            case .message(let shape)? = ProtobufShape.kinds[kind]
        else {
            throw StatusError.unsupportedMediaType(["application/json", "application/yaml"])
        }
        var object = try message(content, shape).objectValue ?? JSONObject()
        object["apiVersion"] = "v1"
        object["kind"] = .string(kind)
        return .object(object)
    }

    private static func message(
        _ bytes: ArraySlice<UInt8>, _ fields: [Int: ProtobufField]
    ) throws(ProtobufReader.Malformed) -> JSONValue {
        var reader = ProtobufReader(bytes)
        var object = JSONObject()
        while let (number, value) = try reader.next() {
            guard let field = fields[number] else { continue }
            switch field.shape {
            case .list(let element):
                guard let item = try self.value(value, element) else { continue }
                object[field.name] = .array((object[field.name]?.arrayValue ?? []) + [item])
            case .map(let element):
                guard case .bytes(let entry) = value else { throw ProtobufReader.Malformed() }
                let pair = try message(entry, [1: ProtobufField("key"), 2: ProtobufField("value", element)])
                var map = object[field.name] ?? [:]
                map[pair["key"]?.stringValue ?? ""] = pair["value"] ?? ""
                object[field.name] = map
            default:
                if let item = try self.value(value, field.shape) { object[field.name] = item }
            }
        }
        return .object(object)
    }

    /// One value; nil for what is empty and would not stand in JSON.
    private static func value(
        _ value: ProtobufReader.Value, _ shape: ProtobufShape
    ) throws(ProtobufReader.Malformed) -> JSONValue? {
        switch (shape, value) {
        case (.text, .bytes(let bytes)): return bytes.isEmpty ? nil : .string(String(decoding: bytes, as: UTF8.self))
        case (.bytes, .bytes(let bytes)): return .string(Base64.encode(Array(bytes)))
        case (.integer, .number(let number)): return .integer(Int64(truncatingIfNeeded: number))
        case (.flag, .number(let number)): return .bool(number != 0)
        case (.message(let fields), .bytes(let bytes)):
            let object = try message(bytes, fields)
            return object == [:] ? nil : object
        case (.time, .bytes(let bytes)):
            let time = try message(bytes, [1: ProtobufField("s", .integer), 2: ProtobufField("n", .integer)])
            guard let seconds = time["s"]?.integerValue else { return nil }
            return .string(Timestamp(seconds: seconds).rfc3339)
        default: throw ProtobufReader.Malformed()
        }
    }
}
