import FoundationEssentials

/// Percent-encoding of the parts of a URL (RFC 3986, section 2).
extension String {
    /// The text as one path segment: everything but unreserved characters is encoded.
    ///
    /// The segments `.` and `..` are encoded too, so that they cannot escape from the path.
    public var percentEncodedPathSegment: String {
        if self == "." { return "%2E" }
        if self == ".." { return "%2E%2E" }
        return percentEncoded
    }

    /// The text as a name or value of a query parameter: everything but unreserved characters is encoded.
    public var percentEncodedQueryValue: String { percentEncoded }

    /// The decoded text; nil if an escape is malformed or the result is not UTF-8.
    ///
    /// - Parameter plusIsSpace: whether `+` decodes to a space, as in a query.
    public func percentDecoded(plusIsSpace: Bool = false) -> String? {
        var output: [UInt8] = []
        output.reserveCapacity(utf8.count)
        var bytes = utf8.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = bytes.next().flatMap(Self.hexDigit), let low = bytes.next().flatMap(Self.hexDigit)
                else { return nil }
                output.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: output.append(UInt8(ascii: " "))
            default: output.append(byte)
            }
        }
        return String(validating: output, as: UTF8.self)
    }

    private var percentEncoded: String {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        output.reserveCapacity(utf8.count)
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.append(byte)
            default: output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// Base64 with padding (RFC 4648, section 4), the encoding of bytes in kubeconfig files and secrets.
public enum Base64 {
    public static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }

    /// The bytes of a base64 text; nil if it is malformed. Line breaks are ignored, as in Go.
    public static func decode(_ text: String) -> [UInt8]? {
        let packed = text.utf8.filter { $0 != 0x0A && $0 != 0x0D }
        return Data(base64Encoded: Data(packed)).map { Array($0) }
    }
}

extension String {
    /// The text truncated to `limit` bytes of UTF-8, with `…` at the end if anything is cut.
    ///
    /// The cut is between scalars. The result is empty if `…` alone does not fit.
    package func bounded(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        let mark = "…"
        guard limit >= mark.utf8.count else { return "" }
        var end = utf8.index(startIndex, offsetBy: limit - mark.utf8.count)
        while end > startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return self[..<end] + mark
    }

    /// The text with at most 30 combining marks in a row, Unicode's stream-safe format (UAX #15); nil if it already is.
    ///
    /// Swift compares and hashes texts in canonical form, which takes time quadratic in the marks in a row: seconds for
    /// a few ten thousand.
    package var streamSafe: String? {
        guard !utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var (marks, isCut) = (0, false)
        for scalar in unicodeScalars {
            marks = scalar.isCombiningMark ? marks + 1 : 0
            if marks > 30 { isCut = true }
        }
        guard isCut else { return nil }
        var safe = String.UnicodeScalarView()
        marks = 0
        for scalar in unicodeScalars {
            marks = scalar.isCombiningMark ? marks + 1 : 0
            if marks <= 30 { safe.append(scalar) }
        }
        return String(safe)
    }

    /// The text for terminals: control characters other than line breaks and tabs, and characters that change the
    /// direction of writing, become U+FFFD.
    package var displayable: String {
        guard unicodeScalars.contains(where: \.isControl) else { return self }
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars { text.append(scalar.isControl ? "\u{FFFD}" : scalar) }
        return String(text)
    }
}

extension Unicode.Scalar {
    fileprivate var isCombiningMark: Bool {
        // No scalar before this one is combining.
        value >= 0x300 && properties.canonicalCombiningClass != .notReordered
    }

    fileprivate var isControl: Bool {
        switch value {
        case 0x09, 0x0A: false
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
