/// RFC 3339, the format of every time in the Kubernetes API.
extension ClockTime: CustomStringConvertible {
    /// `2026-01-01T10:00:00Z`, the format of Kubernetes' `Time`; fractions are truncated.
    public var description: String { rfc3339 }

    /// `2026-01-01T10:00:00Z`, the format of Kubernetes' `Time`; fractions are truncated.
    public var rfc3339: String { civilText + "Z" }

    /// `2026-01-01T10:00:00.000000Z`, the format of Kubernetes' `MicroTime`.
    public var rfc3339Microseconds: String {
        civilText + "." + Self.padded(Int64(nanoseconds) / 1000, 6) + "Z"
    }

    private var civilText: String {
        let secondOfDay = (seconds % 86_400 + 86_400) % 86_400
        let date = CivilDate(daysSince1970: (seconds - secondOfDay) / 86_400)
        let day = "\(Self.padded(date.year, 4))-\(Self.padded(date.month, 2))-\(Self.padded(date.day, 2))"
        let hour = Self.padded(secondOfDay / 3600, 2)
        let minute = Self.padded(secondOfDay / 60 % 60, 2)
        return "\(day)T\(hour):\(minute):\(Self.padded(secondOfDay % 60, 2))"
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// Parses a time with any fraction and any offset; nil if the text is invalid or the time is out of range.
    ///
    /// Digits beyond nanoseconds are dropped. Leap seconds are rejected, as in Go.
    public init?(rfc3339 text: String) {
        var reader = FieldReader(text)
        guard let year = reader.number(4), reader.consume("-"),
            let month = reader.number(2), reader.consume("-"),
            let day = reader.number(2), reader.consume("T") || reader.consume("t"),
            let hour = reader.number(2), hour < 24, reader.consume(":"),
            let minute = reader.number(2), minute < 60, reader.consume(":"),
            let second = reader.number(2), second < 60,
            let nanoseconds = reader.fraction(),
            let offset = reader.offset(), reader.isAtEnd,
            let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        let seconds = date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second - offset
        guard seconds >= Self.earliest.seconds, seconds <= Self.latest.seconds else { return nil }
        self.init(seconds: seconds, nanoseconds: nanoseconds)
    }
}

extension ClockTime {
    /// Parses the date of an HTTP header, `Sun, 06 Nov 1994 08:49:37 GMT`; nil for any other text.
    ///
    /// The two obsolete formats of RFC 9110, section 5.6.7, are not supported: no API server writes them.
    public init?(httpDate text: String) {
        var reader = FieldReader(text)
        guard reader.word(3) != nil, reader.consume(","), reader.consume(" "), let day = reader.number(2),
            reader.consume(" "), let name = reader.word(3), reader.consume(" "),
            let month = Self.months.firstIndex(of: name), let year = reader.number(4), reader.consume(" "),
            let hour = reader.number(2), hour < 24, reader.consume(":"),
            let minute = reader.number(2), minute < 60, reader.consume(":"),
            let second = reader.number(2), second < 60, reader.consume(" "), reader.word(3) == "GMT", reader.isAtEnd,
            let date = CivilDate(year: year, month: Int64(month) + 1, day: day)
        else { return nil }
        self.init(seconds: date.daysSince1970 * 86_400 + hour * 3600 + minute * 60 + second)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, the format of dates in HTTP headers; fractions are truncated.
    public var httpDate: String {
        let secondOfDay = (seconds % 86_400 + 86_400) % 86_400
        let days = (seconds - secondOfDay) / 86_400
        let date = CivilDate(daysSince1970: days)
        // 1970-01-01 was a Thursday.
        let weekday = Self.weekdays[Int((days % 7 + 11) % 7)]
        let day = "\(weekday), \(Self.padded(date.day, 2)) \(Self.months[Int(date.month) - 1])"
        let time = "\(Self.padded(secondOfDay / 3600, 2)):\(Self.padded(secondOfDay / 60 % 60, 2))"
        return "\(day) \(Self.padded(date.year, 4)) \(time):\(Self.padded(secondOfDay % 60, 2)) GMT"
    }

    private static var weekdays: [String] { ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] }
    private static var months: [String] {
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    }
}

/// Parses the fields of a time from left to right.
private struct FieldReader {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func consume(_ character: Character) -> Bool {
        guard let byte = rest.first, byte == character.asciiValue else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func digit() -> Int64? {
        guard let byte = rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        rest = rest.dropFirst()
        return Int64(byte - UInt8(ascii: "0"))
    }

    /// Consumes a number of exactly `width` digits.
    mutating func number(_ width: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<width {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Consumes exactly `width` ASCII letters.
    mutating func word(_ width: Int) -> String? {
        let letters = rest.prefix(width)
        let isWord = letters.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
        guard letters.count == width, isWord else { return nil }
        rest = rest.dropFirst(width)
        return String(Substring(letters))
    }

    /// Consumes an optional fraction and returns its nanoseconds.
    mutating func fraction() -> Int64? {
        guard consume(".") else { return 0 }
        guard var value = digit() else { return nil }
        var width = 1
        while let digit = digit() {
            guard width < 9 else { continue }
            value = value * 10 + digit
            width += 1
        }
        for _ in width..<9 { value *= 10 }
        return value
    }

    /// Consumes the offset and returns the seconds by which local time is ahead of UTC.
    mutating func offset() -> Int64? {
        if consume("Z") || consume("z") { return 0 }
        let isBehind = consume("-")
        guard isBehind || consume("+"), let hour = number(2), hour < 24, consume(":"),
            let minute = number(2), minute < 60
        else { return nil }
        return (isBehind ? -1 : 1) * (hour * 3600 + minute * 60)
    }
}

/// A date of the Gregorian calendar in the years 0 to 9999.
///
/// The arithmetic starts years in March, so that a leap day is the last day of its year. 400 years have 146,097 days.
package struct CivilDate: Hashable, Sendable {
    package let year: Int64
    package let month: Int64
    package let day: Int64

    private static let daysPerEra: Int64 = 146_097
    /// Days from 0000-03-01 to 1970-01-01.
    private static let epoch: Int64 = 719_468

    /// Nil if the date does not exist.
    package init?(year: Int64, month: Int64, day: Int64) {
        guard (0...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let length: Int64 =
            switch month {
            case 2: isLeapYear ? 29 : 28
            case 4, 6, 9, 11: 30
            default: 31
            }
        guard day <= length else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    package init(daysSince1970: Int64) {
        let days = daysSince1970 + Self.epoch
        let dayOfEra = (days % Self.daysPerEra + Self.daysPerEra) % Self.daysPerEra
        let era = (days - dayOfEra) / Self.daysPerEra
        // The divisors are the days of 4, 100 and 400 years, minus one: they remove the leap days so far.
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        // Five months starting in March or August have 153 days.
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package var daysSince1970: Int64 {
        let yearFromMarch = month <= 2 ? year - 1 : year
        let yearOfEra = (yearFromMarch % 400 + 400) % 400
        let era = (yearFromMarch - yearOfEra) / 400
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * Self.daysPerEra + dayOfEra - Self.epoch
    }
}
