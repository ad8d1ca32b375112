/// YAML as Kubernetes uses it: another spelling of JSON.
///
/// Plain scalars resolve by YAML 1.2's core schema (`true`, `null`, `~`, `12`, `0x1F`, `1.5e3`), with two habits of
/// `kubectl` kept: `0644` is octal, and what looks like a date stays a string. `yes`, `no`, `on` and `off` are strings,
/// where `kubectl` reads YAML 1.1 booleans: a file that means a boolean by them should say `true` or `false`.
/// `!!binary` is base64 of the bytes of a UTF-8 string. Keys that are numbers or booleans become strings. Merge keys (`<<`) are understood.
public enum YAML {
    /// The longest text that is read, in bytes.
    public static let maximumSize = 16 << 20
    /// The deepest nesting that is read, aliases expanded.
    public static let maximumDepth = 100
    /// How much aliases may add to a text, each node counted as one plus the bytes of its scalar.
    public static let maximumAliasExpansion = 1 << 20

    /// How much of what other programs accept is an error.
    enum Leniency: Sendable {
        /// What looks like a mistake is an error.
        case strict
        /// What client-go accepts where it decodes kubeconfigs and the output of exec plugins is accepted, too: of a
        /// key that stands twice the last value counts, unknown tags mean nothing, and what follows the first document
        /// is not read. `yes`, `on` and the like stay strings; who expects a boolean takes them for one.
        case clientGo
    }

    /// Reads the documents of a YAML stream; empty ones are left out.
    ///
    /// A key that stands twice in a mapping, an unknown tag or alias, and a text beyond the limits above are errors.
    /// - Parameter source: the name of the text in errors, such as the path of its file.
    public static func documents(_ bytes: [UInt8], source: String) throws(YAMLError) -> [JSONValue] {
        guard bytes.count <= maximumSize else {
            throw YAMLError(
                source: source, line: 1, column: 1,
                message: "the text has \(bytes.count) bytes, more than the \(maximumSize) that are read")
        }
        var composer = YAMLComposer(events: try YAMLEventReader(bytes, source: source), leniency: .strict)
        return try composer.documents()
    }

    /// Reads the first document of a YAML stream as client-go does (``Leniency/clientGo``); null when there is none.
    static func firstDocument(_ bytes: [UInt8], source: String) throws(YAMLError) -> JSONValue {
        guard bytes.count <= maximumSize else {
            throw YAMLError(source: source, line: 1, column: 1, message: "the text has more than \(maximumSize) bytes")
        }
        var composer = YAMLComposer(events: try YAMLEventReader(bytes, source: source), leniency: .clientGo)
        return try composer.firstDocument()
    }
}

/// What is wrong with a YAML text, and where.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name the text was given, such as the path of its file.
    public let source: String
    /// Counted from 1.
    public let line: Int
    /// Counted from 1, in characters.
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

/// Builds values out of events, expanding aliases within bounds.
struct YAMLComposer {
    private let events: YAMLEventReader
    private let leniency: YAML.Leniency
    /// The finished nodes of this document that have a name. A node that is still open has none, so no node can
    /// contain itself.
    private var anchors: [String: Node] = [:]
    /// What aliases have added so far.
    private var expansion = 0

    /// A value with its cost when an alias repeats it.
    private struct Node {
        var value: JSONValue
        /// One for each node below and including this one, plus the bytes of the scalars.
        var weight: Int
        /// Levels of containers below this node.
        var height: Int
    }

    init(events: YAMLEventReader, leniency: YAML.Leniency) {
        self.events = events
        self.leniency = leniency
    }

    /// The first document, empty or not; null when there is none. What follows it is not looked at.
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
            throw failure("alias \"*\(name)\" names no finished node before it; define it with \"&\(name)\"", event)
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
        var whole = Node(value: .null, weight: 1, height: 1)
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let element = try node(event, depth: depth + 1)
            elements.append(element.value)
            whole.weight += element.weight
            whole.height = max(whole.height, element.height + 1)
        }
        whole.value = .array(elements)
        return whole
    }

    private mutating func mapping(depth: Int) throws(YAMLError) -> Node {
        var members: [JSONObject.Member] = []
        var places: [String: Int] = [:]
        var merged: [JSONObject] = []
        var whole = Node(value: .null, weight: 1, height: 1)
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let key = try key(event, depth: depth + 1)
            let value = try node(try events.next(), depth: depth + 1)
            whole.weight += value.weight + 1 + (key?.utf8.count ?? 0)
            whole.height = max(whole.height, value.height + 1)
            if let key {
                if let place = places[key] {
                    guard leniency == .clientGo else { throw failure("key \"\(key)\" stands twice", event) }
                    members[place].value = value.value
                } else {
                    places[key] = members.count
                    members.append(JSONObject.Member(key: key, value: value.value))
                }
            } else {
                merged += try mergedObjects(value.value, event)
            }
        }
        // Keys of the mapping itself win over merged ones, earlier merged mappings over later ones.
        for object in merged {
            for member in object where places[member.key] == nil {
                places[member.key] = members.count
                members.append(member)
            }
        }
        whole.value = .object(JSONObject(uniqueMembers: members))
        return whole
    }

    /// The text of a key; nil for the merge key. A key that is a container is read before it is refused.
    private mutating func key(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> String? {
        if case .scalar("<<", isPlain: true, let properties) = event.kind, properties.tag == nil { return nil }
        switch try node(event, depth: depth).value {
        case .string(let text): return text
        case .integer(let value): return String(value)
        case .double(let value): return JSONValue.double(value).encodedString
        case .bool(let value): return value ? "true" : "false"
        case .null: throw failure("a key is empty or null; quote it to mean the text", event)
        case .array, .object: throw failure("a key is a list or a mapping; keys are strings", event)
        }
    }

    private func mergedObjects(_ value: JSONValue, _ event: YAMLEvent) throws(YAMLError) -> [JSONObject] {
        if let object = value.objectValue { return [object] }
        guard let list = value.arrayValue else { throw failure("\"<<\" merges a mapping or a list of mappings", event) }
        var objects: [JSONObject] = []
        for element in list {
            guard let object = element.objectValue else {
                throw failure("\"<<\" merges a mapping or a list of mappings", event)
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
            guard schema.wanted != YAMLScalar.binary else {
                throw failure("a !!binary value is no base64 of UTF-8", event)
            }
            throw failure(
                "\"\(text.prefix(80))\" is no \(schema.wanted); quote it, without a tag, to mean the text", event)
        }
        return value
    }

    private func expect(tag: String?, _ name: String, _ event: YAMLEvent) throws(YAMLError) {
        guard leniency == .strict, let tag, tag != "!", tag != YAMLScalar.tagPrefix + name else { return }
        throw failure("tag \"\(tag)\" is unknown or does not fit a \(name == "seq" ? "list" : "mapping")", event)
    }

    private func tooDeep(_ event: YAMLEvent) -> YAMLError {
        failure("nested more than \(YAML.maximumDepth) levels deep", event)
    }

    private func failure(_ message: String, _ event: YAMLEvent) -> YAMLError {
        YAMLError(source: events.source, line: event.line, column: event.column, message: message)
    }
}
