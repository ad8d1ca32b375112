import KubeClient
import TestSupport

/// What is done to a text before a reader gets it.
struct Damage {
    /// More bytes than any text grows to.
    static let maximumSize = 4 << 20

    /// Words that mean something to one reader or another, and ends of ranges.
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

    /// One text of the corpus with some damage; now and then without any.
    func text(isJSON: Bool, _ random: inout SplitMix) -> [UInt8] {
        var text = corpus.randomElement(using: &random) ?? []
        for _ in 0..<random.below(5) {
            if isJSON, random.below(2) == 0 {
                text = Self.changingValue(of: text, &random) ?? text
            } else {
                hurt(&text, &random)
            }
            if text.count > Self.maximumSize { text.removeLast(text.count - Self.maximumSize) }
        }
        return text
    }

    private func hurt(_ text: inout [UInt8], _ random: inout SplitMix) {
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

    /// Deep nesting and long runs come from many copies of few bytes.
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
