/// Parses YAML as Kubernetes uses it: as an alternative syntax for JSON.
///
/// Plain scalars resolve by the core schema of YAML 1.2 (`true`, `null`, `~`, `12`, `0x1F`, `1.5e3`), with two
/// exceptions for compatibility with `kubectl`: `0644` is octal, and dates are strings. `yes`, `no`, `on` and `off` are
/// strings, although `kubectl` reads them as YAML 1.1 booleans; use `true` or `false` instead. `!!binary` is base64 of
/// a UTF-8 string. Keys that are numbers or booleans become strings. Merge keys (`<<`) are supported.
public enum YAML {
    /// The maximum size of a text, in bytes.
    public static let maximumSize = 16 << 20
    /// The maximum nesting depth after the expansion of aliases.
    public static let maximumDepth = 100
    /// The maximum that aliases may add to a text: one for each node plus the bytes of its scalar.
    public static let maximumAliasExpansion = 1 << 20

    /// Which questionable texts are accepted.
    enum Leniency: Sendable {
        /// Likely mistakes are errors.
        case strict
        /// Accepts what client-go accepts in kubeconfig files and in the output of exec plugins: the last value of a
        /// duplicate key wins, unknown tags are ignored, and text after the first document is not read. `yes`, `on` and
        /// the like remain strings; readers that expect a boolean convert them.
        case clientGo
    }

    /// Parses the documents of a YAML stream; empty documents are omitted.
    ///
    /// Duplicate keys, unknown tags or aliases, and texts beyond the limits above are errors.
    /// - Parameter source: the name of the text in errors, such as a file path.
    public static func documents(_ bytes: [UInt8], source: String) throws(YAMLError) -> [JSONValue] {
        guard bytes.count <= maximumSize else {
            throw YAMLError(
                source: source, line: 1, column: 1,
                message: "the text has \(bytes.count) bytes; the maximum is \(maximumSize)")
        }
        var composer = YAMLComposer(events: try YAMLEventReader(bytes, source: source), leniency: .strict)
        return try composer.documents()
    }

    /// Parses the first document of a stream as client-go does (``Leniency/clientGo``); null if the stream is empty.
    static func firstDocument(_ bytes: [UInt8], source: String) throws(YAMLError) -> JSONValue {
        guard bytes.count <= maximumSize else {
            throw YAMLError(source: source, line: 1, column: 1, message: "the text is larger than \(maximumSize) bytes")
        }
        var composer = YAMLComposer(events: try YAMLEventReader(bytes, source: source), leniency: .clientGo)
        return try composer.firstDocument()
    }
}

/// An error in a YAML text, with its position.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the text, such as a file path.
    public let source: String
    /// Starts at 1.
    public let line: Int
    /// Starts at 1, in characters.
    public let column: Int
    public let message: String

    public init(source: String, line: Int, column: Int, message: String) {
        self.source = source
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String { "\(source):\(line):\(column): \(message)" }
}

/// Builds values from events and expands aliases within limits.
struct YAMLComposer {
    private let events: YAMLEventReader
    private let leniency: YAML.Leniency
    /// The complete nodes of this document that have an anchor. Incomplete nodes are not in it, so no node can contain
    /// itself.
    private var anchors: [String: Node] = [:]
    /// The total that aliases have added so far.
    private var expansion = 0

    /// A value with the cost of repeating it through an alias.
    private struct Node {
        var value: JSONValue
        /// One for this node and each node below it, plus the bytes of the scalars.
        var weight: Int
        /// Levels of containers below this node.
        var height: Int
    }

    init(events: YAMLEventReader, leniency: YAML.Leniency) {
        self.events = events
        self.leniency = leniency
    }

    /// The first document; null if the stream is empty. The rest of the stream is ignored.
    mutating func firstDocument() throws(YAMLError) -> JSONValue {
        while true {
            switch try events.next().kind {
            case .streamEnd: return .null
            case .documentStart: return try node(try events.next(), depth: 0).value
            default: continue
            }
        }
    }

    mutating func documents() throws(YAMLError) -> [JSONValue] {
        var documents: [JSONValue] = []
        while true {
            switch try events.next().kind {
            case .streamEnd: return documents
            case .documentStart:
                anchors.removeAll()
                let root = try node(try events.next(), depth: 0).value
                if !root.isNull { documents.append(root) }
            default: continue
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> Node {
        guard depth <= YAML.maximumDepth else { throw tooDeep(event) }
        switch event.kind {
        case .alias(let name): return try expand(name, event, depth: depth)
        case .scalar(let text, let isPlain, let properties):
            let value = try scalar(text, isPlain: isPlain, tag: properties.tag, event)
            return named(properties, Node(value: value, weight: 1 + text.utf8.count, height: 0))
        case .sequenceStart(let properties):
            try expect(tag: properties.tag, "seq", event)
            return named(properties, try sequence(depth: depth))
        case .mappingStart(let properties):
            try expect(tag: properties.tag, "map", event)
            return named(properties, try mapping(depth: depth))
        default: throw failure("expected a value", event)
        }
    }

    private mutating func named(_ properties: YAMLEvent.Properties, _ node: Node) -> Node {
        if let anchor = properties.anchor { anchors[anchor] = node }
        return node
    }

    private mutating func expand(_ name: String, _ event: YAMLEvent, depth: Int) throws(YAMLError) -> Node {
        guard let node = anchors[name] else {
            throw failure("alias \"*\(name)\" is not defined before it is used; define it with \"&\(name)\"", event)
        }
        guard depth + node.height <= YAML.maximumDepth else { throw tooDeep(event) }
        expansion += node.weight
        guard expansion <= YAML.maximumAliasExpansion else {
            throw failure("aliases expand to more than \(YAML.maximumAliasExpansion) bytes and nodes", event)
        }
        return node
    }

    private mutating func sequence(depth: Int) throws(YAMLError) -> Node {
        var elements: [JSONValue] = []
        var collection = Node(value: .null, weight: 1, height: 1)
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let element = try node(event, depth: depth + 1)
            elements.append(element.value)
            collection.weight += element.weight
            collection.height = max(collection.height, element.height + 1)
        }
        collection.value = .array(elements)
        return collection
    }

    private mutating func mapping(depth: Int) throws(YAMLError) -> Node {
        var members: [JSONObject.Member] = []
        var places: [String: Int] = [:]
        var merged: [JSONObject] = []
        var collection = Node(value: .null, weight: 1, height: 1)
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try key(event, depth: depth + 1)
            let value = try node(try events.next(), depth: depth + 1)
            collection.weight += value.weight + 1 + (key?.utf8.count ?? 0)
            collection.height = max(collection.height, value.height + 1)
            if let key {
                if let place = places[key] {
                    guard leniency == .clientGo else { throw failure("duplicate key \"\(key)\"", event) }
                    members[place].value = value.value
                } else {
                    places[key] = members.count
                    members.append(JSONObject.Member(key: key, value: value.value))
                }
            } else {
                merged += try mergedObjects(value.value, event)
            }
        }
        // Keys of the mapping win over merged keys, and earlier merged mappings win over later ones.
        for object in merged {
            for member in object where places[member.key] == nil {
                places[member.key] = members.count
                members.append(member)
            }
        }
        collection.value = .object(JSONObject(uniqueMembers: members))
        return collection
    }

    /// The text of a key; nil for the merge key. A list or mapping as a key is read to its end and rejected.
    private mutating func key(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> String? {
        if case .scalar("<<", isPlain: true, let properties) = event.kind, properties.tag == nil { return nil }
        switch try node(event, depth: depth).value {
        case .string(let text): return text
        case .integer(let value): return String(value)
        case .double(let value): return JSONValue.double(value).encodedString
        case .bool(let value): return value ? "true" : "false"
        case .null: throw failure("a key is empty or null; quote it to use it as text", event)
        case .array, .object: throw failure("a key is a list or a mapping; keys must be strings", event)
        }
    }

    private func mergedObjects(_ value: JSONValue, _ event: YAMLEvent) throws(YAMLError) -> [JSONObject] {
        if let object = value.objectValue { return [object] }
        guard let list = value.arrayValue else { throw failure("\"<<\" needs a mapping or a list of mappings", event) }
        var objects: [JSONObject] = []
        for element in list {
            guard let object = element.objectValue else {
                throw failure("\"<<\" needs a mapping or a list of mappings", event)
            }
            objects.append(object)
        }
        return objects
    }

    private func scalar(
        _ text: String, isPlain: Bool, tag: String?, _ event: YAMLEvent
    ) throws(YAMLError) -> JSONValue {
        guard let schema = YAMLScalar(text, isPlain: isPlain, tag: tag, leniency) else {
            throw failure("unknown tag \"\(tag ?? "")\"", event)
        }
        guard let value = schema.value else {
            guard schema.expected != YAMLScalar.binary else {
                throw failure("a !!binary value is not base64 of UTF-8 text", event)
            }
            throw failure(
                "\"\(text.prefix(80))\" is not a valid \(schema.expected); to use it as text, quote it, without a tag",
                event)
        }
        return value
    }

    private func expect(tag: String?, _ name: String, _ event: YAMLEvent) throws(YAMLError) {
        guard leniency == .strict, let tag, tag != "!", tag != YAMLScalar.tagPrefix + name else { return }
        throw failure("tag \"\(tag)\" is unknown or does not apply to a \(name == "seq" ? "list" : "mapping")", event)
    }

    private func tooDeep(_ event: YAMLEvent) -> YAMLError {
        failure("nested more than \(YAML.maximumDepth) levels deep", event)
    }

    private func failure(_ message: String, _ event: YAMLEvent) -> YAMLError {
        YAMLError(source: events.source, line: event.line, column: event.column, message: message)
    }
}
