import KubeClient
import Patterns

extension CELFunction {
    /// String functions. Positions count Unicode code points.
    static let strings: [CELFunction] = [
        size, matches, replace, split, substring, join, format("lowerAscii") { lowercased($0) },
        format("upperAscii") { uppercased($0) },
        format("trim") { trimmed($0) },
        test("startsWith") { $0.starts(with: $1) }, test("endsWith") { $0.reversed().starts(with: $1.reversed()) },
        test("contains") { first($1, in: Array($0), from: 0) != nil },
        .binary("charAt", .method(.string, .int, to: .string)) { (text, index) throws(CELError) in
            guard case (.string(let text), .int(let index)) = (text, index) else { return nil }
            let scalars = Array(text.unicodeScalars)
            guard index >= 0, index <= scalars.count else { throw CELError("index out of range: \(index)") }
            return .string(index < scalars.count ? String(Character(scalars[Int(index)])) : "")
        },
        search("indexOf", first: true), search("lastIndexOf", first: false),
    ]

    private static let size = CELFunction.unary(
        "size", .method(.string, to: .int), .method(.bytes, to: .int), .method(.list(.parameter("T")), to: .int),
        .method(.map(.parameter("K"), .parameter("V")), to: .int), .function(.string, to: .int),
        .function(.bytes, to: .int),
        .function(.list(.parameter("T")), to: .int), .function(.map(.parameter("K"), .parameter("V")), to: .int)
    ) {
        switch $0 {
        case .string(let text): .int(Int64(text.unicodeScalars.count))
        case .bytes(let bytes): .int(Int64(bytes.count))
        case .list(let list): .int(Int64(list.elements.count))
        case .map(let entries): .int(Int64(entries.count))
        case .object(let object, _): .int(Int64(object.count))
        default: nil
        }
    }

    private static let matches = CELFunction.binary(
        "matches", .method(.string, .string, to: .bool), .function(.string, .string, to: .bool)
    ) { (text, pattern) throws(CELError) in
        guard case (.string(let text), .string(let source)) = (text, pattern) else { return nil }
        do throws(PatternError) {
            return .bool(try Pattern(source).matches(text))
        } catch {
            throw CELError("error parsing regexp: \(error)")
        }
    }

    private static func test(
        _ name: String, _ holds: @escaping @Sendable (String.UnicodeScalarView, String.UnicodeScalarView) -> Bool
    ) -> CELFunction {
        .binary(name, .method(.string, .string, to: .bool)) { text, part in
            guard case (.string(let text), .string(let part)) = (text, part) else { return nil }
            return .bool(holds(text.unicodeScalars, part.unicodeScalars))
        }
    }

    private static func format(_ name: String, _ change: @escaping @Sendable (String) -> String) -> CELFunction {
        .unary(name, .method(.string, to: .string)) {
            if case .string(let text) = $0 { .string(change(text)) } else { nil }
        }
    }

    private static func lowercased(_ text: String) -> String {
        String(
            decoding: text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 },
            as: UTF8.self)
    }

    private static func uppercased(_ text: String) -> String {
        String(
            decoding: text.utf8.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 - 32 : $0 },
            as: UTF8.self)
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[start...last])
    }

    /// The first position at or after `start` at which `part` occurs.
    static func first(_ part: String.UnicodeScalarView, in text: [Unicode.Scalar], from start: Int) -> Int? {
        let part = Array(part)
        guard start >= 0, text.count >= part.count, start <= text.count - part.count else { return nil }
        return (start...(text.count - part.count)).first { text[$0...].starts(with: part) }
    }

    private static func search(_ name: String, first isFirst: Bool) -> CELFunction {
        CELFunction(
            name,
            [
                .method(.string, .string, to: .int), .method(.string, .string, .int, to: .int),
                .method(.list(.parameter("T")), .parameter("T"), to: .int),
            ]
        ) { (arguments) throws(CELError) in
            if case .list(let list)? = arguments.first, arguments.count == 2 {
                let index =
                    isFirst
                    ? list.elements.firstIndex { $0.equals(arguments[1]) }
                    : list.elements.lastIndex { $0.equals(arguments[1]) }
                return .int(Int64(index ?? -1))
            }
            guard arguments.count >= 2, case (.string(let text), .string(let part)) = (arguments[0], arguments[1])
            else { return nil }
            let scalars = Array(text.unicodeScalars)
            let needle = part.unicodeScalars
            var bound = isFirst ? 0 : max(0, scalars.count - needle.count)
            if arguments.count == 3 {
                guard case .int(let offset) = arguments[2] else { return nil }
                guard offset >= 0, offset <= scalars.count else { throw CELError("index out of range: \(offset)") }
                bound = isFirst ? Int(offset) : min(bound, Int(offset))
            }
            if isFirst { return .int(Int64(first(needle, in: scalars, from: bound) ?? -1)) }
            let index = (0...bound).last { scalars[$0...].starts(with: needle) }
            return .int(Int64(index ?? -1))
        }
    }

    private static let substring = CELFunction(
        "substring", [.method(.string, .int, to: .string), .method(.string, .int, .int, to: .string)]
    ) { (arguments) throws(CELError) in
        guard arguments.count >= 2, case (.string(let text), .int(let start)) = (arguments[0], arguments[1]) else {
            return nil
        }
        let scalars = Array(text.unicodeScalars)
        var end = Int64(scalars.count)
        if arguments.count == 3 {
            guard case .int(let given) = arguments[2] else { return nil }
            end = given
        }
        guard start >= 0, start <= end, end <= scalars.count else {
            throw CELError("invalid substring range. start: \(start), end: \(end)")
        }
        return .string(string(scalars[Int(start)..<Int(end)]))
    }

    private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }

    private static let join = CELFunction(
        "join", [.method(.list(.string), to: .string), .method(.list(.string), .string, to: .string)]
    ) { arguments in
        guard case .list(let list)? = arguments.first else { return nil }
        var separator = ""
        if arguments.count == 2 {
            guard case .string(let given) = arguments[1] else { return nil }
            separator = given
        }
        var parts: [String] = []
        for element in list.elements {
            guard case .string(let part) = element else { return nil }
            parts.append(part)
        }
        return .string(parts.joined(separator: separator))
    }

    private static let split = CELFunction(
        "split", [.method(.string, .string, to: .list(.string)), .method(.string, .string, .int, to: .list(.string))]
    ) { arguments in
        guard arguments.count >= 2, case (.string(let text), .string(let separator)) = (arguments[0], arguments[1])
        else { return nil }
        var limit: Int64 = -1
        if arguments.count == 3 {
            guard case .int(let given) = arguments[2] else { return nil }
            limit = given
        }
        return .list(pieces(of: text, at: separator, atMost: limit).map(CELValue.string))
    }

    private static let replace = CELFunction(
        "replace",
        [.method(.string, .string, .string, to: .string), .method(.string, .string, .string, .int, to: .string)]
    ) { arguments in
        guard arguments.count >= 3, case .string(let text) = arguments[0], case .string(let old) = arguments[1],
            case .string(let new) = arguments[2]
        else { return nil }
        var limit: Int64 = -1
        if arguments.count == 4 {
            guard case .int(let given) = arguments[3] else { return nil }
            limit = given
        }
        if limit == 0 { return .string(text) }
        if old.isEmpty { return .string(interleaved(text, with: new, atMost: limit)) }
        return .string(pieces(of: text, at: old, atMost: limit < 0 ? -1 : limit &+ 1).joined(separator: new))
    }

    /// Inserts `new` before every code point and at the end, as replacing an empty string does.
    private static func interleaved(_ text: String, with new: String, atMost limit: Int64) -> String {
        var result = ""
        var count: Int64 = 0
        for scalar in text.unicodeScalars {
            if limit < 0 || count < limit { result += new }
            count += 1
            result.unicodeScalars.append(scalar)
        }
        return limit < 0 || count < limit ? result + new : result
    }

    /// Splits the text at the separator. With a limit, the last piece holds the rest of the text.
    private static func pieces(of text: String, at separator: String, atMost limit: Int64) -> [String] {
        guard limit != 0 else { return [] }
        let scalars = Array(text.unicodeScalars)
        let width = separator.unicodeScalars.count
        var pieces: [String] = []
        var start = 0
        while limit < 0 || pieces.count + 1 < limit {
            if width == 0 {
                guard start + 1 < scalars.count else { break }
                pieces.append(string(scalars[start..<(start + 1)]))
                start += 1
            } else {
                guard let next = first(separator.unicodeScalars, in: scalars, from: start) else { break }
                pieces.append(string(scalars[start..<next]))
                start = next + width
            }
        }
        if width == 0, scalars.isEmpty { return [] }
        return pieces + [string(scalars[start...])]
    }
}
