import CLibyaml

/// One parser event and its position.
struct YAMLEvent {
    let kind: Kind
    /// Line and column start at 1.
    let line: Int
    let column: Int

    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(text: String, isPlain: Bool, Properties)
        case sequenceStart(Properties)
        case sequenceEnd
        case mappingStart(Properties)
        case mappingEnd
    }

    /// The anchor and the tag of a node.
    struct Properties {
        let anchor: String?
        /// The complete tag, such as `tag:yaml.org,2002:str`; nil if the node has none.
        let tag: String?
    }
}

/// Parses one text with libyaml and converts its events to Swift values.
final class YAMLEventReader {
    let source: String
    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    /// The input, which the parser reads until it is deleted.
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8], source: String) throws(YAMLError) {
        self.source = source
        input = .allocate(capacity: bytes.count)
        _ = input.initialize(fromContentsOf: bytes)
        parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(parser) == 1 else {
            throw YAMLError(source: source, line: 1, column: 1, message: "out of memory")
        }
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// Returns the next event; every call after the end of the stream returns `.streamEnd`.
    func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(
            kind: Self.kind(of: event),
            line: Self.position(event.start_mark.line), column: Self.position(event.start_mark.column))
    }

    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        let data = event.data
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(string(data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let text = UnsafeBufferPointer(start: data.scalar.value, count: data.scalar.length)
            return .scalar(
                text: String(decoding: text, as: UTF8.self),
                isPlain: data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
                properties(data.scalar.anchor, data.scalar.tag))
        case YAML_SEQUENCE_START_EVENT:
            return .sequenceStart(properties(data.sequence_start.anchor, data.sequence_start.tag))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            return .mappingStart(properties(data.mapping_start.anchor, data.mapping_start.tag))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .streamEnd
        }
    }

    private static func properties(
        _ anchor: UnsafeMutablePointer<yaml_char_t>?, _ tag: UnsafeMutablePointer<yaml_char_t>?
    ) -> YAMLEvent.Properties {
        YAMLEvent.Properties(anchor: string(anchor), tag: string(tag))
    }

    private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        text.map { String(cString: $0) }
    }

    /// Converts libyaml's positions, which start at 0.
    private static func position(_ count: Int) -> Int {
        count < Int.max ? count + 1 : count
    }

    private func failure() -> YAMLError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "the text is not YAML"
        let context = parser.pointee.context.map { String(cString: $0) + ": " } ?? ""
        // The reader, which finds invalid UTF-8, sets no problem mark; so the parser's position is the best available.
        let isReaderError = parser.pointee.error == YAML_READER_ERROR
        let mark = isReaderError ? parser.pointee.mark : parser.pointee.problem_mark
        return YAMLError(
            source: source, line: Self.position(mark.line), column: Self.position(mark.column),
            message: context + problem)
    }
}
