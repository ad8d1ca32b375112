import KubeClient

/// Decodes objects from the protobuf encoding of the API, which newer kubectl and Helm versions use for built-in kinds.
///
/// Responses are JSON, which all clients accept.
enum ProtobufObject {
    static let mediaType = "application/vnd.kubernetes.protobuf"
    /// The prefix of the envelope.
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
        // Every group has its own DeleteOptions, all with the same fields.
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

    /// A value; nil if it is empty and omitted in JSON.
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

/// Reads the fields of a protobuf message; lengths are checked against the available bytes.
struct ProtobufReader {
    /// The value of a field, as far as the wire format determines it.
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
        /// Fixed-width numbers, which no supported message uses.
        case skipped
    }

    /// The bytes are not a valid protobuf message.
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next field with its number; nil at the end.
    mutating func next() throws(Malformed) -> (number: Int, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        guard let number = Int(exactly: tag >> 3), number > 0 else { throw Malformed() }
        switch tag & 7 {
        case 0: return (number, .number(try varint()))
        case 1: _ = try take(8)
        case 2:
            guard let count = Int(exactly: try varint()) else { throw Malformed() }
            return (number, .bytes(try take(count)))
        case 5: _ = try take(4)
        default: throw Malformed()
        }
        return (number, .skipped)
    }

    private mutating func varint() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = rest.popFirst() else { throw Malformed() }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw Malformed()
    }

    private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw Malformed() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

/// How a protobuf field is converted to JSON.
indirect enum ProtobufShape: Sendable {
    case text
    /// Bytes, base64 in JSON.
    case bytes
    case integer
    case flag
    /// Seconds and nanoseconds, RFC 3339 in JSON.
    case time
    case message([Int: ProtobufField])
    case list(ProtobufShape)
    /// A map with string keys.
    case map(ProtobufShape)
}

/// A field of a message: its JSON name and shape.
struct ProtobufField: Sendable {
    let name: String
    let shape: ProtobufShape

    init(_ name: String, _ shape: ProtobufShape = .text) {
        self.name = name
        self.shape = shape
    }
}

extension ProtobufShape {
    /// The messages that `kubectl create` and `helm` send in protobuf.
    static let kinds: [String: ProtobufShape] = [
        "Namespace": .message([
            1: ProtobufField("metadata", metadata),
            2: ProtobufField("spec", .message([1: ProtobufField("finalizers", .list(.text))])),
            3: ProtobufField("status", .message([1: ProtobufField("phase")])),
        ]),
        "ConfigMap": .message([
            1: ProtobufField("metadata", metadata), 2: ProtobufField("data", .map(.text)),
            3: ProtobufField("binaryData", .map(.bytes)), 4: ProtobufField("immutable", .flag),
        ]),
        "Secret": .message([
            1: ProtobufField("metadata", metadata), 2: ProtobufField("data", .map(.bytes)),
            3: ProtobufField("type"), 4: ProtobufField("stringData", .map(.text)),
            5: ProtobufField("immutable", .flag),
        ]),
        "ServiceAccount": .message([
            1: ProtobufField("metadata", metadata), 2: ProtobufField("secrets", .list(objectReference)),
            3: ProtobufField("imagePullSecrets", .list(.message([1: ProtobufField("name")]))),
            4: ProtobufField("automountServiceAccountToken", .flag),
        ]),
        "DeleteOptions": .message([
            1: ProtobufField("gracePeriodSeconds", .integer),
            2: ProtobufField(
                "preconditions", .message([1: ProtobufField("uid"), 2: ProtobufField("resourceVersion")])),
            3: ProtobufField("orphanDependents", .flag), 4: ProtobufField("propagationPolicy"),
            5: ProtobufField("dryRun", .list(.text)),
        ]),
    ]

    private static let metadata = ProtobufShape.message([
        1: ProtobufField("name"), 2: ProtobufField("generateName"), 3: ProtobufField("namespace"),
        5: ProtobufField("uid"), 6: ProtobufField("resourceVersion"), 7: ProtobufField("generation", .integer),
        8: ProtobufField("creationTimestamp", .time), 11: ProtobufField("labels", .map(.text)),
        12: ProtobufField("annotations", .map(.text)), 13: ProtobufField("ownerReferences", .list(owner)),
        14: ProtobufField("finalizers", .list(.text)),
    ])

    private static let owner = ProtobufShape.message([
        1: ProtobufField("kind"), 3: ProtobufField("name"), 4: ProtobufField("uid"), 5: ProtobufField("apiVersion"),
        6: ProtobufField("controller", .flag), 7: ProtobufField("blockOwnerDeletion", .flag),
    ])

    private static let objectReference = ProtobufShape.message([
        1: ProtobufField("kind"), 2: ProtobufField("namespace"), 3: ProtobufField("name"), 4: ProtobufField("uid"),
        5: ProtobufField("apiVersion"), 6: ProtobufField("resourceVersion"), 7: ProtobufField("fieldPath"),
    ])
}
