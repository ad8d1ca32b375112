/// Where the members of a YAML text's top mapping stand, for messages about what they hold.
///
/// It belongs to the first document, and is empty where that is no mapping. Members that a merge key brings have none.
package struct YAMLMemberPlaces: Sendable {
    /// A place in a text; line and column are counted from 1.
    package struct Place: Hashable, Sendable {
        package let line: Int
        package let column: Int
    }

    /// The places of one member.
    package struct Member: Sendable {
        package fileprivate(set) var key: Place
        package fileprivate(set) var value: Place
        /// Those of the elements where the value is a list.
        package fileprivate(set) var elements: [Place] = []
    }

    private var members: [String: Member] = [:]

    /// The places of the member with this key.
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
            var member = Member(key: key.place, value: value.place)
            if case .sequenceStart = value.kind {
                while case let element = try events.next(), !element.isEnd {
                    member.elements.append(element.place)
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
    fileprivate var place: YAMLMemberPlaces.Place { YAMLMemberPlaces.Place(line: line, column: column) }

    fileprivate var isBeforeContent: Bool {
        switch kind {
        case .streamStart, .documentStart: true
        default: false
        }
    }

    /// True for the end of a container, and of the whole text.
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
    /// Reads over what is inside the container that `event` begins.
    fileprivate func skip(_ event: YAMLEvent) throws(YAMLError) {
        var depth = event.isStart ? 1 : 0
        while depth > 0 {
            let next = try next()
            if next.isStart { depth += 1 }
            if next.isEnd { depth -= 1 }
        }
    }
}
