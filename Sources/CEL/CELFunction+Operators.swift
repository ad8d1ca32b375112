import KubeClient

extension CELFunction {
    static let equality: [CELFunction] = [
        .binary("_==_", .function(.parameter("T"), .parameter("T"), to: .bool)) { .bool($0.equals($1)) },
        .binary("_!=_", .function(.parameter("T"), .parameter("T"), to: .bool)) { .bool(!$0.equals($1)) },
        .binary(
            "@in", .function(.parameter("T"), .list(.parameter("T")), to: .bool),
            .function(.parameter("K"), .map(.parameter("K"), .parameter("V")), to: .bool)
        ) { element, container in
            switch container {
            case .list(let list): .bool(list.elements.contains { $0.equals(element) })
            case .map, .object: .bool(container.member(element) != nil)
            default: nil
            }
        },
    ]

    static let ordering: [CELFunction] = [
        comparison("_<_") { $0 == .less }, comparison("_<=_") { $0 == .less || $0 == .equal },
        comparison("_>_") { $0 == .greater }, comparison("_>=_") { $0 == .greater || $0 == .equal },
    ]

    private static func comparison(_ name: String, _ holds: @escaping @Sendable (CELValue.Order) -> Bool) -> CELFunction
    {
        let numbers: [CELType] = [.int, .uint, .double]
        var signatures: [Signature] = []
        for left in numbers {
            for right in numbers { signatures.append(.function(left, right, to: .bool)) }
        }
        for type in [CELType.bool, .string, .bytes, .timestamp, .duration] {
            signatures.append(.function(type, type, to: .bool))
        }
        return CELFunction(name, signatures) { arguments in
            arguments.count == 2 ? arguments[0].order(to: arguments[1]).map { .bool(holds($0)) } : nil
        }
    }

    static let logic: [CELFunction] = [
        .unary("!_", .function(.bool, to: .bool)) { if case .bool(let value) = $0 { .bool(!value) } else { nil } }
    ]

    static let arithmetic: [CELFunction] = [addition, subtraction, multiplication, division, remainder, negation]

    private static let addition = CELFunction.binary(
        "_+_", .function(.int, .int, to: .int), .function(.uint, .uint, to: .uint),
        .function(.double, .double, to: .double),
        .function(.string, .string, to: .string), .function(.bytes, .bytes, to: .bytes),
        .function(.list(.parameter("T")), .list(.parameter("T")), to: .list(.parameter("T"))),
        .function(.timestamp, .duration, to: .timestamp), .function(.duration, .timestamp, to: .timestamp),
        .function(.duration, .duration, to: .duration)
    ) { (left, right) throws(CELError) in
        switch (left, right) {
        case (.int(let left), .int(let right)): return .int(try checked(left.addingReportingOverflow(right)))
        case (.uint(let left), .uint(let right)): return .uint(try checked(left.addingReportingOverflow(right)))
        case (.double(let left), .double(let right)): return .double(left + right)
        case (.string(let left), .string(let right)): return .string(left + right)
        case (.bytes(let left), .bytes(let right)): return .bytes(left + right)
        case (.list(let left), .list(let right)): return .list(left.joined(with: right))
        case (.timestamp(let time), .duration(let duration)), (.duration(let duration), .timestamp(let time)):
            return .timestamp(try moved(time, by: duration))
        case (.duration(let left), .duration(let right)): return .duration(try checked(left + right))
        default: return nil
        }
    }

    private static let subtraction = CELFunction.binary(
        "_-_", .function(.int, .int, to: .int), .function(.uint, .uint, to: .uint),
        .function(.double, .double, to: .double),
        .function(.timestamp, .timestamp, to: .duration), .function(.timestamp, .duration, to: .timestamp),
        .function(.duration, .duration, to: .duration)
    ) { (left, right) throws(CELError) in
        switch (left, right) {
        case (.int(let left), .int(let right)): return .int(try checked(left.subtractingReportingOverflow(right)))
        case (.uint(let left), .uint(let right)): return .uint(try checked(left.subtractingReportingOverflow(right)))
        case (.double(let left), .double(let right)): return .double(left - right)
        case (.timestamp(let left), .timestamp(let right)): return .duration(try checked(left - right))
        case (.timestamp(let time), .duration(let duration)): return .timestamp(try moved(time, by: .zero - duration))
        case (.duration(let left), .duration(let right)): return .duration(try checked(left - right))
        default: return nil
        }
    }

    private static let multiplication = CELFunction.binary(
        "_*_", .function(.int, .int, to: .int), .function(.uint, .uint, to: .uint),
        .function(.double, .double, to: .double)
    ) { (left, right) throws(CELError) in
        switch (left, right) {
        case (.int(let left), .int(let right)): return .int(try checked(left.multipliedReportingOverflow(by: right)))
        case (.uint(let left), .uint(let right)): return .uint(try checked(left.multipliedReportingOverflow(by: right)))
        case (.double(let left), .double(let right)): return .double(left * right)
        default: return nil
        }
    }

    private static let division = CELFunction.binary(
        "_/_", .function(.int, .int, to: .int), .function(.uint, .uint, to: .uint),
        .function(.double, .double, to: .double)
    ) { (left, right) throws(CELError) in
        switch (left, right) {
        case (.int, .int(0)), (.uint, .uint(0)): throw CELError("division by zero")
        case (.int(let left), .int(let right)): return .int(try checked(left.dividedReportingOverflow(by: right)))
        case (.uint(let left), .uint(let right)): return .uint(left / right)
        case (.double(let left), .double(let right)): return .double(left / right)
        default: return nil
        }
    }

    private static let remainder = CELFunction.binary(
        "_%_", .function(.int, .int, to: .int), .function(.uint, .uint, to: .uint)
    ) { (left, right) throws(CELError) in
        switch (left, right) {
        case (.int, .int(0)), (.uint, .uint(0)): throw CELError("modulus by zero")
        case (.int(let left), .int(let right)):
            return .int(try checked(left.remainderReportingOverflow(dividingBy: right)))
        case (.uint(let left), .uint(let right)): return .uint(left % right)
        default: return nil
        }
    }

    private static let negation = CELFunction.unary(
        "-_", .function(.int, to: .int), .function(.double, to: .double), .function(.duration, to: .duration)
    ) { (value) throws(CELError) in
        switch value {
        case .int(let value): return .int(try checked(Int64(0).subtractingReportingOverflow(value)))
        case .double(let value): return .double(-value)
        case .duration(let value): return .duration(.zero - value)
        default: return nil
        }
    }

    private static func checked<Value>(_ result: (partialValue: Value, overflow: Bool)) throws(CELError) -> Value {
        guard !result.overflow else { throw .overflow }
        return result.partialValue
    }

    private static func checked(_ duration: Duration) throws(CELError) -> Duration {
        guard duration.fitsNanoseconds else { throw .overflow }
        return duration
    }

    /// Adds a duration. Results outside the years 1 to 9999 are errors, where `Timestamp` would clamp them.
    private static func moved(_ time: Timestamp, by duration: Duration) throws(CELError) -> Timestamp {
        let result = time + duration
        guard result - time == duration else { throw CELError("timestamp overflow") }
        return result
    }
}
