/// An object's UID in 16 bytes where it is a UUID, as the API server makes them.
///
/// As text it would take 96 bytes with its heap block; a cache holds three for each run.
enum CompactUID: Hashable, Sendable {
    case uuid(UInt64, UInt64)
    /// What is no UUID in its canonical lower-case form.
    case text(String)

    init(_ text: String) {
        guard let (high, low) = Self.parse(text) else {
            self = .text(text)
            return
        }
        self = .uuid(high, low)
    }

    var text: String {
        switch self {
        case .text(let text): return text
        case .uuid(let high, let low):
            var output: [UInt8] = []
            output.reserveCapacity(36)
            for index in 0..<32 {
                if Self.dashes.contains(index) { output.append(UInt8(ascii: "-")) }
                let half = index < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (index % 16))) & 0xF
                output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
            return String(decoding: output, as: UTF8.self)
        }
    }

    /// The digits before which a dash stands.
    private static let dashes: Set<Int> = [8, 12, 16, 20]

    private static func parse(_ text: String) -> (UInt64, UInt64)? {
        guard text.utf8.count == 36 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        var count = 0
        var expectsDash = false
        for byte in text.utf8 {
            if expectsDash {
                guard byte == UInt8(ascii: "-") else { return nil }
                expectsDash = false
                continue
            }
            guard count < 32, let digit = lowercaseHexadecimal(byte) else { return nil }
            if count < 16 { halves.0 = halves.0 << 4 | digit } else { halves.1 = halves.1 << 4 | digit }
            count += 1
            expectsDash = dashes.contains(count)
        }
        return count == 32 ? halves : nil
    }

    private static func lowercaseHexadecimal(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a")) + 10
        default: nil
        }
    }
}
