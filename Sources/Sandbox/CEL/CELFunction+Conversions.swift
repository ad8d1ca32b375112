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
