import KubeClient

extension CELFunction {
    static let conversions: [CELFunction] = [
        toInt, toUint, toDouble, toString, toBool, toBytes, toTimestamp, toDuration,
        .unary("dyn", .function(.parameter("T"), to: .dyn)) { $0 },
        .unary("type", .function(.parameter("T"), to: .type)) { .type($0.typeName) },
    ]

    private static let toInt = CELFunction.unary(
        "int", .function(.int, to: .int), .function(.uint, to: .int), .function(.double, to: .int),
        .function(.string, to: .int),
        .function(.timestamp, to: .int)
    ) { (value) throws(CELError) in
        switch value {
        case .int: return value
        case .uint(let value): return .int(try inRange(Int64(exactly: value)))
        case .double(let value): return .int(try inRange(Int64(exactly: value.rounded(.towardZero))))
        case .string(let text): return .int(try parsed(Int64(text), text))
        case .timestamp(let time): return .int(time.seconds)
        default: return nil
        }
    }

    private static let toUint = CELFunction.unary(
        "uint", .function(.uint, to: .uint), .function(.int, to: .uint), .function(.double, to: .uint),
        .function(.string, to: .uint)
    ) { (value) throws(CELError) in
        switch value {
        case .uint: return value
        case .int(let value): return .uint(try inRange(UInt64(exactly: value)))
        case .double(let value): return .uint(try inRange(UInt64(exactly: value.rounded(.towardZero))))
        case .string(let text): return .uint(try parsed(UInt64(text), text))
        default: return nil
        }
    }

    private static let toDouble = CELFunction.unary(
        "double", .function(.double, to: .double), .function(.int, to: .double), .function(.uint, to: .double),
        .function(.string, to: .double)
    ) { (value) throws(CELError) in
        switch value {
        case .double: return value
        case .int(let value): return .double(Double(value))
        case .uint(let value): return .double(Double(value))
        case .string(let text): return .double(try parsed(Double(text), text))
        default: return nil
        }
    }

    private static let toString = CELFunction.unary(
        "string", .function(.string, to: .string), .function(.bool, to: .string), .function(.int, to: .string),
        .function(.uint, to: .string), .function(.double, to: .string), .function(.bytes, to: .string),
        .function(.timestamp, to: .string), .function(.duration, to: .string)
    ) { (value) throws(CELError) in
        switch value {
        case .string: return value
        case .bool(let value): return .string(value ? "true" : "false")
        case .int(let value): return .string(String(value))
        case .uint(let value): return .string(String(value))
        case .double(let value): return .string(value.isFinite ? JSONValue.double(value).encodedString : "\(value)")
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw CELError("invalid UTF-8 in bytes, cannot convert to string")
            }
            return .string(text)
        case .timestamp(let time):
            let fraction = Duration.fractionText(Int64(time.nanoseconds))
            return .string(String(time.rfc3339.dropLast()) + fraction + "Z")
        case .duration(let duration): return .string(duration.secondsText)
        default: return nil
        }
    }

    private static let toBool = CELFunction.unary("bool", .function(.bool, to: .bool), .function(.string, to: .bool)) {
        (value) throws(CELError) in
        switch value {
        case .bool: return value
        case .string("true"), .string("True"), .string("TRUE"), .string("t"), .string("1"): return .bool(true)
        case .string("false"), .string("False"), .string("FALSE"), .string("f"), .string("0"): return .bool(false)
        case .string(let text): throw CELError("type conversion error from 'string' to 'bool': \"\(text)\"")
        default: return nil
        }
    }

    private static let toBytes = CELFunction.unary(
        "bytes", .function(.bytes, to: .bytes), .function(.string, to: .bytes)
    ) {
        switch $0 {
        case .bytes: $0
        case .string(let text): .bytes(Array(text.utf8))
        default: nil
        }
    }

    private static let toTimestamp = CELFunction.unary(
        "timestamp", .function(.timestamp, to: .timestamp), .function(.string, to: .timestamp),
        .function(.int, to: .timestamp)
    ) { (value) throws(CELError) in
        switch value {
        case .timestamp: return value
        case .string(let text): return .timestamp(try parsed(Timestamp(rfc3339: text), text))
        case .int(let seconds):
            let time = Timestamp(seconds: seconds)
            return .timestamp(try inRange(time.seconds == seconds ? time : nil))
        default: return nil
        }
    }

    private static let toDuration = CELFunction.unary(
        "duration", .function(.duration, to: .duration), .function(.string, to: .duration)
    ) { (value) throws(CELError) in
        switch value {
        case .duration: return value
        case .string(let text): return .duration(try parsed(Duration(goDuration: text), text))
        default: return nil
        }
    }

    private static func inRange<Value>(_ value: Value?) throws(CELError) -> Value {
        guard let value else { throw CELError("range error") }
        return value
    }

    private static func parsed<Value>(_ value: Value?, _ text: String) throws(CELError) -> Value {
        guard let value else {
            throw CELError("type conversion error: \"\(text.prefix(100))\" is not a value of that type")
        }
        return value
    }
}

extension CELFunction {
    static let times: [CELFunction] = [
        getter("getFullYear") { $0.date.year }, getter("getMonth") { $0.date.month - 1 },
        getter("getDayOfMonth") { $0.date.day - 1 }, getter("getDate") { $0.date.day },
        // 1970-01-01 was a Thursday; Sunday is 0.
        getter("getDayOfWeek") { (($0.day + 4) % 7 + 7) % 7 }, getter("getDayOfYear") { $0.dayOfYear },
        getter("getHours", of: 3600) { $0.second / 3600 }, getter("getMinutes", of: 60) { $0.second / 60 % 60 },
        getter("getSeconds", of: 1) { $0.second % 60 }, getter("getMilliseconds", of: 0) { $0.nanoseconds / 1_000_000 },
    ]

    /// A point in time, split into day, second and nanosecond in a time zone.
    private struct Moment {
        let day: Int64
        let second: Int64
        let nanoseconds: Int64

        init(_ time: Timestamp, offset: Int64) {
            let local = time.seconds + offset
            second = (local % 86_400 + 86_400) % 86_400
            day = (local - second) / 86_400
            nanoseconds = Int64(time.nanoseconds)
        }

        var date: CivilDate { CivilDate(daysSince1970: day) }

        var dayOfYear: Int64 { CivilDate(year: date.year, month: 1, day: 1).map { day - $0.daysSince1970 } ?? 0 }
    }

    /// A function that returns one part of a time.
    ///
    /// Durations have the function too if `unit` is set: it is the number of seconds in one part, 0 for milliseconds.
    private static func getter(
        _ name: String, of unit: Int64? = nil, _ part: @escaping @Sendable (Moment) -> Int64
    ) -> CELFunction {
        var signatures: [Signature] = [.method(.timestamp, to: .int), .method(.timestamp, .string, to: .int)]
        if unit != nil { signatures.append(.method(.duration, to: .int)) }
        return CELFunction(name, signatures) { (arguments) throws(CELError) in
            switch (arguments.first, arguments.count) {
            case (.timestamp(let time)?, 1): return .int(part(Moment(time, offset: 0)))
            case (.timestamp(let time)?, 2):
                guard case .string(let zone) = arguments[1] else { return nil }
                return .int(part(Moment(time, offset: try offset(of: zone))))
            case (.duration(let duration)?, 1):
                guard let unit else { return nil }
                let parts = duration.components
                return .int(unit > 0 ? parts.seconds / unit : parts.attoseconds / 1_000_000_000_000_000)
            default: return nil
            }
        }
    }

    /// The offset of a time zone from UTC, in seconds. Named zones are rejected, because there is no time zone
    /// database.
    private static func offset(of zone: String) throws(CELError) -> Int64 {
        if zone == "UTC" || zone == "Z" { return 0 }
        let signed = zone.hasPrefix("-") || zone.hasPrefix("+") ? zone : "+" + zone
        guard let epoch = Timestamp(rfc3339: "1970-01-01T00:00:00" + signed) else {
            throw CELError("unknown time zone \(zone): use UTC or an offset such as +02:00")
        }
        return -epoch.seconds
    }
}

extension Duration {
    /// The duration in seconds, with its fraction and an `s`, as `string(duration)` returns it.
    var secondsText: String {
        let parts = components
        let nanoseconds = abs(parts.attoseconds / 1_000_000_000)
        let sign = parts.seconds < 0 || parts.attoseconds < 0 ? "-" : ""
        return "\(sign)\(abs(parts.seconds))\(Self.fractionText(nanoseconds))s"
    }
}
