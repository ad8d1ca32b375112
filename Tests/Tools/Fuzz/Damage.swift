import KubeClient
import TestSupport

/// Makes damaged texts from valid ones.
struct Damage {
    /// The maximum size of a text, in bytes.
    static let maximumSize = 4 << 20

    /// Tokens with a meaning in some format, and limits of ranges.
    private static let words: [StaticString] = [
        "{", "}", "[", "]", "\"", ":", ",", "\\", "\\u0000", "\\ud800", "null", "true", "-", "- ", "? ", "&a", "*a",
        "<<: *a",
        "!!str ", "|\n", ">-\n", "---\n", "...\n", "#", "\t", "\r\n", "\u{FEFF}", "%", "e999", "-0", "0x", "0o7",
        "9223372036854775808", "-9223372036854775808", "1e400", "0001-01-01T00:00:00Z", "9999-12-31T23:59:60Z",
        "chunked", "Content-Length: 9999999999999999999\r\n", "\r\n\r\n", "HTTP/1.1",
    ]

    private let corpus: [[UInt8]]

    init(corpus: [[UInt8]]) {
        self.corpus = corpus
    }

    /// Returns a text of the corpus with up to four damages.
    func text(isJSON: Bool, _ random: inout SplitMix) -> [UInt8] {
        var text = corpus.randomElement(using: &random) ?? []
        for _ in 0..<random.below(5) {
            if isJSON, random.below(2) == 0 {
                text = Self.changingValue(of: text, &random) ?? text
            } else {
                damageBytes(&text, &random)
            }
            if text.count > Self.maximumSize { text.removeLast(text.count - Self.maximumSize) }
        }
        return text
    }

    private func damageBytes(_ text: inout [UInt8], _ random: inout SplitMix) {
        guard !text.isEmpty else { return }
        let place = random.below(text.count)
        let end = min(text.count, place + 1 + random.below(64))
        switch random.below(8) {
        case 0: text.removeLast(text.count - place)
        case 1: text[place] ^= UInt8(1 << random.below(8))
        case 2: text[place] = UInt8(truncatingIfNeeded: random.next())
        case 3: text.removeSubrange(place..<end)
        case 4: text.insert(contentsOf: Array(text[place..<end]), at: random.below(text.count))
        case 5:
            let other = corpus.randomElement(using: &random) ?? []
            guard !other.isEmpty else { return }
            text.replaceSubrange(place..<text.count, with: other[random.below(other.count)...])
        case 6: repeatBytes(&text, place..<end, &random)
        default: insertWord(&text, at: place, &random)
        }
    }

    /// Repeats a few bytes, which makes deep nesting and long runs.
    private func repeatBytes(_ text: inout [UInt8], _ range: Range<Int>, _ random: inout SplitMix) {
        let piece = Array(text[range].prefix(1 + random.below(6)))
        let copies = random.below(2000)
        text.insert(contentsOf: (0..<copies).flatMap { _ in piece }, at: range.lowerBound)
    }

    private func insertWord(_ text: inout [UInt8], at place: Int, _ random: inout SplitMix) {
        guard let word = Self.words.randomElement(using: &random) else { return }
        let bytes = word.withUTF8Buffer { Array($0) }
        let replaced = random.below(2) == 0 ? place : min(text.count, place + bytes.count)
        text.replaceSubrange(place..<replaced, with: bytes)
    }
}

/// Damage that keeps the text valid JSON: values of other types, extreme values, copied branches.
extension Damage {
    private static let unusualValues: [JSONValue] = [
        .null, true, false, 0, -1, 4_294_967_296, 9_223_372_036_854_775_807, -9_223_372_036_854_775_808, 1.5e300, 0.1,
        "", "Succeeded", "Failed", "\u{0}…", "\u{1F468}\u{200D}\u{1F469}", [], [.null, 7, "x"],
        .object(JSONObject()), "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T25:61:61Z",
        "99999999999h", "3/7", "2147483647/2147483647", "main: OOMKilled (exit code 99999999999999999999)",
        "Tasks Completed: 999999999 (Failed: 999999999, Cancelled 0), Incomplete: 999999999, Skipped: 999999999",
        .string(String(repeating: "é", count: 3000)), .string(String(repeating: "x", count: 100_000)),
    ]

    /// Returns the text with one change in its tree; nil if it is not JSON.
    static func changingValue(of text: [UInt8], _ random: inout SplitMix) -> [UInt8]? {
        guard var value = try? JSONValue(parsing: text) else { return nil }
        let whole = value
        change(&value, whole, &random)
        return value.encoded
    }

    private static func change(_ value: inout JSONValue, _ whole: JSONValue, _ random: inout SplitMix) {
        switch value {
        case .object(var object) where random.below(8) > 0:
            guard let member = object.members.randomElement(using: &random) else { return }
            var child = member.value
            change(&child, whole, &random)
            let key = random.below(16) == 0 ? member.key + "\u{301}" : member.key
            object[key] = child
            value = .object(object)
        case .array(var elements) where random.below(8) > 0:
            guard let index = elements.indices.randomElement(using: &random) else { return }
            switch random.below(6) {
            case 0: elements.append(elements[index])
            case 1: elements.remove(at: index)
            case 2: elements += Array(repeating: elements[index], count: min(200, random.below(400)))
            default: change(&elements[index], whole, &random)
            }
            value = .array(elements)
        default: value = replacement(for: value, whole, &random)
        }
    }

    private static func replacement(
        for value: JSONValue, _ whole: JSONValue, _ random: inout SplitMix
    ) -> JSONValue {
        switch random.below(10) {
        case 0: return branch(of: whole, &random)
        case 1:
            return (0..<random.below(250)).reduce(value) { nested, level in
                level % 2 == 0 ? .array([nested]) : .object(["n": nested])
            }
        case 2:
            guard case .string(let text) = value else { fallthrough }
            let cut = text.unicodeScalars.prefix(random.below(text.unicodeScalars.count + 1))
            return .string(String(String.UnicodeScalarView(cut)) + text)
        default: return unusualValues.randomElement(using: &random) ?? .null
        }
    }

    /// Returns a random value inside a value.
    private static func branch(of value: JSONValue, _ random: inout SplitMix) -> JSONValue {
        var value = value
        for _ in 0..<random.below(8) {
            if let member = value.objectValue?.members.randomElement(using: &random) {
                value = member.value
            } else if let element = value.arrayValue?.randomElement(using: &random) {
                value = element
            }
        }
        return value
    }
}
