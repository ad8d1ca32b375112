/// The positions of the members of a YAML text's top-level mapping, for error messages.
///
/// It covers the first document and is empty if that is not a mapping. Members added by a merge key have no position.
package struct YAMLMemberPositions: Sendable {
    /// A position in a text; line and column start at 1.
    package struct Position: Hashable, Sendable {
        package let line: Int
        package let column: Int
    }

    /// The positions of one member.
    package struct Member: Sendable {
        package fileprivate(set) var key: Position
        package fileprivate(set) var value: Position
        /// The positions of the elements, if the value is a list.
        package fileprivate(set) var elements: [Position] = []
    }

    private var members: [String: Member] = [:]

    /// The positions of the member with this key.
    package subscript(key: String) -> Member? { members[key] }

    /// - Parameter source: the name of the text in errors.
    package init(_ bytes: [UInt8], source: String) throws(YAMLError) {
        let events = try YAMLEventReader(bytes, source: source)
        var event = try events.next()
        while event.isBeforeContent { event = try events.next() }
        guard case .mappingStart = event.kind else { return }
        while true {
            let key = try events.next()
            guard !key.isEnd else { return }
            try events.skip(key)
            let value = try events.next()
            var member = Member(key: key.position, value: value.position)
            if case .sequenceStart = value.kind {
                while case let element = try events.next(), !element.isEnd {
                    member.elements.append(element.position)
                    try events.skip(element)
                }
            } else {
                try events.skip(value)
            }
            if case .scalar(let text, _, _) = key.kind { members[text] = member }
        }
    }
}

extension YAMLEvent {
    fileprivate var position: YAMLMemberPositions.Position { YAMLMemberPositions.Position(line: line, column: column) }

    fileprivate var isBeforeContent: Bool {
        switch kind {
        case .streamStart, .documentStart: true
        default: false
        }
    }

    /// True for the end of a list, a mapping, a document, or the stream.
    fileprivate var isEnd: Bool {
        switch kind {
        case .mappingEnd, .sequenceEnd, .documentEnd, .streamEnd: true
        default: false
        }
    }

    fileprivate var isStart: Bool {
        switch kind {
        case .mappingStart, .sequenceStart: true
        default: false
        }
    }
}

extension YAMLEventReader {
    /// Skips the contents of the list or mapping that `event` starts.
    fileprivate func skip(_ event: YAMLEvent) throws(YAMLError) {
        var depth = event.isStart ? 1 : 0
        while depth > 0 {
            let next = try next()
            if next.isStart { depth += 1 }
            if next.isEnd { depth -= 1 }
        }
    }
}
