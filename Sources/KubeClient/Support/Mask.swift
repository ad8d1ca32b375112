/// Masks secret values in texts such as logs and events, whose readers may not be allowed to see the values.
///
/// A mask covers values of four bytes or more: plain, quoted as JSON or Go would, each line of a multi-line value, and
/// the beginning of a value at the end of a truncated text. Shorter values are not masked: they reveal little and
/// could be part of any word.
///
/// The search index is built for the first text and kept. It holds a few hashes for each form of each value, so it needs
/// little memory, and masking takes time proportional to the length of the text. A text that was truncated also takes
/// time proportional to the length of the values.
package final class Mask: Sendable {
    private let values: [String]
    private let names: [[UInt8]]
    private let hidesEverything: Bool
    private let compiled = Locked<Patterns?>(nil)

    /// - Parameters:
    ///   - values: the values to mask.
    ///   - names: public object names: a value inside one of these names is not masked.
    package init(_ values: [String], keeping names: [String] = []) {
        self.values = values.filter { $0.utf8.count >= Self.shortest }
        self.names = names.map { Array($0.utf8) }
        hidesEverything = false
    }

    private init(hidingEverything: Bool) {
        values = []
        names = []
        hidesEverything = hidingEverything
    }

    /// Masks nothing.
    package static let none = Mask([])
    /// Masks every text as a whole, for values that are unknown.
    package static let everything = Mask(hidingEverything: true)

    private static let shortest = Patterns.shortest
    private static let replacement = Array("***".utf8)
    private static let cut = Array("…".utf8)

    /// The approximate size of the index in bytes, without the values; 0 before the first text.
    package var size: Int { compiled.withLock { $0?.size ?? 0 } }

    /// The text with `***` in place of each masked value.
    package func applied(to text: String) -> String {
        var steps = 0
        return applied(to: text, counting: &steps)
    }

    /// The text with `***` in place of each masked value.
    ///
    /// - Parameter steps: increased by the work, in lookups and comparisons.
    func applied(to text: String, counting steps: inout Int) -> String {
        if hidesEverything { return text.isEmpty ? "" : "***" }
        guard !values.isEmpty, text.utf8.count >= Self.shortest else { return text }
        let patterns = compiled.withLock { compiled in
            if let compiled { return compiled }
            let patterns = Patterns(of: values)
            compiled = patterns
            return patterns
        }
        let bytes = Array(text.utf8)
        var covered = patterns.matches(in: bytes, &steps)
        if !covered.isEmpty {
            let kept = names.flatMap { Self.occurrences(of: $0, in: bytes) }
            covered = Self.ranges(covered, notInside: kept, &steps)
        }
        if bytes.suffix(Self.cut.count).elementsEqual(Self.cut) {
            let end = bytes.count - Self.cut.count
            if let start = patterns.startOfRemnant(in: bytes[..<end], of: values, &steps) {
                covered.append(start..<end)
            }
        }
        return covered.isEmpty ? text : Self.text(bytes, without: covered)
    }

    /// The ranges that are not inside one of `others`; `ranges` must be in order.
    private static func ranges(
        _ ranges: [Range<Int>], notInside others: [Range<Int>], _ steps: inout Int
    ) -> [Range<Int>] {
        var others = others.sorted { $0.lowerBound < $1.lowerBound }[...]
        // The end of the longest of the others that have started.
        var end = 0
        return ranges.filter { range in
            steps += 1
            while let other = others.first, other.lowerBound <= range.lowerBound {
                steps += 1
                end = max(end, other.upperBound)
                others = others.dropFirst()
            }
            return range.upperBound > end
        }
    }

    /// Replaces each covered range, whether one value or several overlapping values cover it.
    private static func text(_ bytes: [UInt8], without covered: [Range<Int>]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        for match in covered.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if match.lowerBound > position || position == 0 {
                result += bytes[position..<max(position, match.lowerBound)]
                result += replacement
            }
            position = max(position, match.upperBound)
        }
        return String(decoding: result + bytes[position...], as: UTF8.self)
    }

    /// The ranges of the public names, where letters or digits neither precede nor follow.
    private static func occurrences(of name: [UInt8], in bytes: [UInt8]) -> [Range<Int>] {
        guard name.count >= shortest, name.count <= bytes.count else { return [] }
        return (0...(bytes.count - name.count)).compactMap { start in
            let end = start + name.count
            guard bytes[start] == name[0], start == 0 || !isAlphanumeric(bytes[start - 1]),
                end == bytes.count || !isAlphanumeric(bytes[end]), bytes[start..<end].elementsEqual(name)
            else { return nil }
            return start..<end
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// The hashes of all forms to search for.
///
/// The longest form at a position is found by a binary search over the lengths. For that, each form also has a mark for
/// its beginnings of the lengths that its own search visits (Waldvogel et al., "Scalable high speed IP routing lookups").
private struct Patterns {
    static let shortest = 4

    /// The lengths of the forms, shortest first.
    private let lengths: [Int]
    /// The hash of each form and of its marked beginnings, and the length of the longest form that each begins with; 0 if
    /// none.
    private let marks: [UInt64: Int32]
    /// A filter over the hashes, since most lookups find nothing.
    private let filter: BitSet
    /// A filter over the first four bytes of each form.
    private let heads: BitSet

    var size: Int { marks.capacity * 16 + lengths.count * 8 + filter.size + heads.size }

    init(of values: [String]) {
        var lengths: Set<Int> = []
        var hashes: Set<UInt64> = []
        var heads = BitSet(bits: 1 << 16)
        for value in values {
            SecretForms.forEach(of: value) { form in
                guard form.count >= Self.shortest else { return }
                lengths.insert(form.count)
                hashes.insert(RollingHash.hash(form))
                heads.insert(RollingHash.head(form, at: form.startIndex))
            }
        }
        let sorted = lengths.sorted()
        var marks: [UInt64: Int32] = [:]
        for value in values {
            SecretForms.forEach(of: value) { form in
                if form.count >= Self.shortest { Self.mark(form, sorted, hashes, &marks) }
            }
        }
        var filter = BitSet(bits: max(1 << 12, marks.count * 16))
        for hash in marks.keys { filter.insert(hash) }
        self.lengths = sorted
        self.marks = marks
        self.filter = filter
        self.heads = heads
    }

    /// Adds the marks of a form.
    private static func mark(
        _ form: ArraySlice<UInt8>, _ lengths: [Int], _ forms: Set<UInt64>, _ marks: inout [UInt64: Int32]
    ) {
        var visited: Set<Int> = []
        search(lengths) { length in
            if length <= form.count { visited.insert(length) }
            return length <= form.count
        }
        let base = RollingHash.base
        var (hash, position, longest): (UInt64, Int, Int) = (0, form.startIndex, 0)
        for length in lengths {
            guard length <= form.count else { break }
            let end = form.startIndex + length
            while position < end {
                hash = RollingHash.next(hash, form[position], base)
                position += 1
            }
            if forms.contains(hash) { longest = length }
            if visited.contains(length) { marks[hash] = Int32(clamping: longest) }
        }
    }

    /// Visits lengths by binary search: longer ones after `body` was true, shorter ones after it was false.
    private static func search(_ lengths: [Int], _ body: (Int) -> Bool) {
        var range = lengths.indices
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = body(lengths[middle]) ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
    }

    /// The longest form at each position where one starts, also inside other matches.
    func matches(in bytes: [UInt8], _ steps: inout Int) -> [Range<Int>] {
        guard bytes.count >= Self.shortest else { return [] }
        var rolling: RollingHash?
        var found: [Range<Int>] = []
        for start in 0...(bytes.count - Self.shortest) where heads.contains(RollingHash.head(bytes[...], at: start)) {
            let hash = rolling ?? RollingHash(bytes)
            rolling = hash
            var longest = 0
            Self.search(lengths) { length in
                steps += 1
                guard start + length <= bytes.count else { return false }
                let candidate = hash.hash(start, length)
                guard filter.contains(candidate), let mark = marks[candidate] else { return false }
                longest = max(longest, Int(mark))
                return true
            }
            if longest > 0 { found.append(start..<(start + longest)) }
        }
        return found
    }

    /// The longest end of the text that is the beginning of a value.
    func startOfRemnant(in bytes: ArraySlice<UInt8>, of values: [String], _ steps: inout Int) -> Int? {
        let bytes = Array(bytes)
        guard bytes.count >= Self.shortest else { return nil }
        let starts = (0...(bytes.count - Self.shortest)).filter {
            heads.contains(RollingHash.head(bytes[...], at: $0))
        }
        guard let first = starts.first else { return nil }
        let places = Set(starts.map { RollingHash.head(bytes[...], at: $0) })
        let text = RollingHash(bytes)
        let base = RollingHash.base
        var start: Int?
        for value in values {
            SecretForms.forEach(of: value) { form in
                guard form.count >= Self.shortest, places.contains(RollingHash.head(form, at: form.startIndex)) else {
                    return
                }
                var hash: UInt64 = 0
                for (offset, byte) in form.prefix(bytes.count - first).enumerated() {
                    hash = RollingHash.next(hash, byte, base)
                    steps += 1
                    let length = offset + 1
                    guard length >= Self.shortest, hash == text.hash(bytes.count - length, length) else { continue }
                    start = min(start ?? bytes.count, bytes.count - length)
                }
            }
        }
        return start
    }
}

/// Computes the hash of any range of a text in constant time.
///
/// The base is random, so that no one can prepare texts that collide; a collision would only mask too much.
private struct RollingHash {
    static let base = UInt64.random(in: 1 << 32...UInt64.max) | 1

    private var prefixes: [UInt64]
    private var powers: [UInt64]

    init(_ bytes: [UInt8]) {
        prefixes = [0]
        powers = [1]
        prefixes.reserveCapacity(bytes.count + 1)
        powers.reserveCapacity(bytes.count + 1)
        let base = Self.base
        var (hash, power): (UInt64, UInt64) = (0, 1)
        for byte in bytes {
            hash = Self.next(hash, byte, base)
            power &*= base
            prefixes.append(hash)
            powers.append(power)
        }
    }

    func hash(_ start: Int, _ length: Int) -> UInt64 {
        prefixes[start + length] &- prefixes[start] &* powers[length]
    }

    static func next(_ hash: UInt64, _ byte: UInt8, _ base: UInt64) -> UInt64 {
        hash &* base &+ UInt64(byte) &+ 1
    }

    static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        let base = base
        return bytes.reduce(0) { next($0, $1, base) }
    }

    /// Four bytes as one integer.
    static func head(_ bytes: ArraySlice<UInt8>, at start: Int) -> UInt64 {
        UInt64(bytes[start]) << 24 | UInt64(bytes[start + 1]) << 16 | UInt64(bytes[start + 2]) << 8
            | UInt64(bytes[start + 3])
    }
}

/// A Bloom filter with one hash function: a value that it does not contain was never inserted.
private struct BitSet {
    private var words: [UInt64]
    private let mask: UInt64

    /// - Parameter bits: the minimum number of bits.
    init(bits: Int) {
        var count = 64
        while count < bits { count *= 2 }
        words = [UInt64](repeating: 0, count: count / 64)
        mask = UInt64(count - 1)
    }

    var size: Int { words.count * 8 }

    mutating func insert(_ number: UInt64) {
        let bit = Self.spread(number) & mask
        words[Int(bit / 64)] |= 1 << (bit % 64)
    }

    func contains(_ number: UInt64) -> Bool {
        let bit = Self.spread(number) & mask
        return words[Int(bit / 64)] & 1 << (bit % 64) != 0
    }

    private static func spread(_ number: UInt64) -> UInt64 {
        number &* 0x9E37_79B9_7F4A_7C15 >> 20
    }
}

/// The forms in which a secret value can occur in other programs' texts.
enum SecretForms {
    private enum Quoting: CaseIterable {
        /// JSON, and Go's `json.Marshal` with its default HTML escaping; old versions of Go write no `\b` and `\f`.
        case json, jsonForHTML, oldJSON, oldJSONForHTML
        /// Go's `%q` and `%+q`.
        case go, goASCII
    }

    /// Calls `body` with the value, its quoted forms if they differ, and each of its lines; duplicates are possible.
    static func forEach(of value: String, _ body: (ArraySlice<UInt8>) -> Void) {
        let bytes = Array(value.utf8)
        body(bytes[...])
        guard bytes.contains(where: { isSpecial($0) }) else { return }
        let hasOldForms = bytes.contains { $0 == 0x08 || $0 == 0x0C }
        for quoting in Quoting.allCases where hasOldForms || quoting != .oldJSON && quoting != .oldJSONForHTML {
            let quoted = quoted(value, quoting)
            body(quoted[...])
        }
        // Line ends outside ASCII have several bytes, each with its highest bit set.
        guard bytes.contains(where: { $0 < 0x20 || $0 >= 0x80 }) else { return }
        let lines = value.split(whereSeparator: \.isNewline)
        if lines.count > 1 || lines.first?.utf8.count != bytes.count {
            for line in lines { body(Array(line.utf8)[...]) }
        }
    }

    /// True for bytes that at least one way of quoting changes.
    private static func isSpecial(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
            || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
    }

    private static func quoted(_ value: String, _ quoting: Quoting) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(value.utf8.count + value.utf8.count / 8)
        for scalar in value.unicodeScalars {
            if scalar.isASCII, !isSpecial(UInt8(truncatingIfNeeded: scalar.value)) {
                result.append(UInt8(truncatingIfNeeded: scalar.value))
            } else if let escape = escape(scalar, quoting) {
                result += escape.utf8
            } else {
                result += UTF8.encode(scalar).map { Array($0) } ?? []
            }
        }
        return result
    }

    /// Nil if the scalar is not escaped.
    private static func escape(_ scalar: Unicode.Scalar, _ quoting: Quoting) -> String? {
        switch scalar {
        case "\"", "\\": return "\\\(scalar)"
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        case "\u{8}" where quoting != .oldJSON && quoting != .oldJSONForHTML: return "\\b"
        case "\u{c}" where quoting != .oldJSON && quoting != .oldJSONForHTML: return "\\f"
        default: break
        }
        switch quoting {
        case .json, .oldJSON: return scalar.value < 0x20 ? hexadecimal("\\u", scalar, 4) : nil
        case .jsonForHTML, .oldJSONForHTML:
            let isEscaped = scalar.value < 0x20 || ["&", "<", ">", "\u{2028}", "\u{2029}"].contains(scalar)
            return isEscaped ? hexadecimal("\\u", scalar, 4) : nil
        case .go, .goASCII:
            if scalar == "\u{7}" { return "\\a" }
            if scalar == "\u{b}" { return "\\v" }
            if scalar.value < 0x20 || scalar.value == 0x7F { return hexadecimal("\\x", scalar, 2) }
            guard quoting == .goASCII, scalar.value > 0x7F else { return nil }
            return scalar.value > 0xFFFF ? hexadecimal("\\U", scalar, 8) : hexadecimal("\\u", scalar, 4)
        }
    }

    private static func hexadecimal(_ prefix: String, _ scalar: Unicode.Scalar, _ width: Int) -> String {
        let digits = String(scalar.value, radix: 16)
        return prefix + String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
