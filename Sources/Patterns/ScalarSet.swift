/// A set of Unicode scalars, stored as sorted, non-adjacent ranges.
struct ScalarSet: Sendable {
    private let ranges: [ClosedRange<UInt32>]
    /// Bitmaps of the 128 ASCII scalars, which cover nearly all lookups.
    private let low: UInt64
    private let high: UInt64

    private static let last: UInt32 = 0x10FFFF

    init(_ unsorted: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        for range in unsorted.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let previous = merged.last, range.lowerBound <= previous.upperBound + 1 {
                merged[merged.count - 1] = previous.lowerBound...max(previous.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        ranges = merged
        low = Self.bits(merged, from: 0)
        high = Self.bits(merged, from: 64)
    }

    init(_ scalars: ClosedRange<Unicode.Scalar>...) {
        self.init(scalars.map { $0.lowerBound.value...$0.upperBound.value })
    }

    private static func bits(_ ranges: [ClosedRange<UInt32>], from base: UInt32) -> UInt64 {
        var bits: UInt64 = 0
        for offset in 0..<UInt32(64) where ranges.contains(where: { $0.contains(base + offset) }) {
            bits |= 1 << UInt64(offset)
        }
        return bits
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        let value = scalar.value
        if value < 64 { return low & (1 << UInt64(value)) != 0 }
        if value < 128 { return high & (1 << UInt64(value - 64)) != 0 }
        var start = 0
        var end = ranges.count
        while start < end {
            let middle = (start + end) / 2
            if ranges[middle].upperBound < value { start = middle + 1 } else { end = middle }
        }
        return start < ranges.count && ranges[start].contains(value)
    }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges {
            if range.lowerBound > start { gaps.append(start...range.lowerBound - 1) }
            start = range.upperBound + 1
        }
        if start <= Self.last { gaps.append(start...Self.last) }
        return ScalarSet(gaps)
    }

    /// The set extended by the other case of each scalar.
    var caseInsensitive: ScalarSet {
        var folded = ranges
        for range in ranges {
            // Scalars above these planes have no case.
            for value in range.lowerBound...min(range.upperBound, max(range.lowerBound, 0x1FFFF)) {
                guard let properties = Unicode.Scalar(value)?.properties, properties.changesWhenCaseMapped else {
                    continue
                }
                for other in [properties.lowercaseMapping, properties.uppercaseMapping] {
                    let scalars = other.unicodeScalars
                    if scalars.count == 1, let scalar = scalars.first { folded.append(scalar.value...scalar.value) }
                }
            }
        }
        return ScalarSet(folded)
    }

    static let digit = ScalarSet("0"..."9")
    static let word = ScalarSet("0"..."9", "A"..."Z", "_"..."_", "a"..."z")
    static let space = ScalarSet("\t"..."\n", "\u{0C}"..."\r", " "..." ")
    static let any = ScalarSet([0...last])
    static let notNewline = ScalarSet("\n"..."\n").inverted

    /// A POSIX class by name, as in `[[:alpha:]]`.
    static func posix(_ name: some StringProtocol) -> ScalarSet? {
        switch String(name) {
        case "alnum": ScalarSet("0"..."9", "A"..."Z", "a"..."z")
        case "alpha": ScalarSet("A"..."Z", "a"..."z")
        case "ascii": ScalarSet("\0"..."\u{7F}")
        case "blank": ScalarSet("\t"..."\t", " "..." ")
        case "cntrl": ScalarSet("\0"..."\u{1F}", "\u{7F}"..."\u{7F}")
        case "digit": digit
        case "graph": ScalarSet("!"..."~")
        case "lower": ScalarSet("a"..."z")
        case "print": ScalarSet(" "..."~")
        case "punct": ScalarSet("!"..."/", ":"..."@", "["..."`", "{"..."~")
        case "space": ScalarSet("\t"..."\r", " "..." ")
        case "upper": ScalarSet("A"..."Z")
        case "word": word
        case "xdigit": ScalarSet("0"..."9", "A"..."F", "a"..."f")
        default: nil
        }
    }

    /// The scalars of a general category (`L`, `Lu`, `Nd`); nil if there is no such category.
    static func category(_ name: some StringProtocol) -> ScalarSet? {
        let wanted = Set(categories.filter { $0.value.hasPrefix(String(name)) }.keys)
        guard !wanted.isEmpty, !name.isEmpty else { return nil }
        // Planes between these are unassigned; those above are private use.
        var ranges: [ClosedRange<UInt32>] =
            wanted.contains(.privateUse) ? [0xF0000...0xFFFFD, 0x100000...0x10FFFD] : []
        for plane: ClosedRange<UInt32> in [0...0x3FFFF, 0xE0000...0xE0FFF] {
            var start: UInt32?
            for value in plane {
                let isWanted = Unicode.Scalar(value).map { wanted.contains($0.properties.generalCategory) } ?? false
                if isWanted { start = start ?? value }
                if let first = start, !isWanted {
                    ranges.append(first...value - 1)
                    start = nil
                }
            }
            if let start { ranges.append(start...plane.upperBound) }
        }
        return ScalarSet(ranges)
    }

    private static let categories: [Unicode.GeneralCategory: String] = [
        .uppercaseLetter: "Lu", .lowercaseLetter: "Ll", .titlecaseLetter: "Lt", .modifierLetter: "Lm",
        .otherLetter: "Lo",
        .nonspacingMark: "Mn", .spacingMark: "Mc", .enclosingMark: "Me",
        .decimalNumber: "Nd", .letterNumber: "Nl", .otherNumber: "No",
        .connectorPunctuation: "Pc", .dashPunctuation: "Pd", .openPunctuation: "Ps", .closePunctuation: "Pe",
        .initialPunctuation: "Pi", .finalPunctuation: "Pf", .otherPunctuation: "Po",
        .mathSymbol: "Sm", .currencySymbol: "Sc", .modifierSymbol: "Sk", .otherSymbol: "So",
        .spaceSeparator: "Zs", .lineSeparator: "Zl", .paragraphSeparator: "Zp",
        .control: "Cc", .format: "Cf", .surrogate: "Cs", .privateUse: "Co",
    ]
}
