/// A function or operator of the language: its overloads and its implementation.
struct CELFunction: Sendable {
    struct Signature: Sendable {
        /// Set for methods, such as `text.size()`.
        let receiver: CELType?
        let arguments: [CELType]
        let result: CELType

        static func function(_ arguments: CELType..., to result: CELType) -> Signature {
            Signature(receiver: nil, arguments: arguments, result: result)
        }

        static func method(_ receiver: CELType, _ arguments: CELType..., to result: CELType) -> Signature {
            Signature(receiver: receiver, arguments: arguments, result: result)
        }
    }

    /// Takes the arguments, the receiver of a method first. Returns nil if there is no overload for them.
    typealias Body = @Sendable ([CELValue]) throws(CELError) -> CELValue?

    let name: String
    let signatures: [Signature]
    let body: Body

    init(_ name: String, _ signatures: [Signature], _ body: @escaping Body) {
        self.name = name
        self.signatures = signatures
        self.body = body
    }

    /// A function of one argument.
    static func unary(
        _ name: String, _ signatures: Signature..., body: @escaping @Sendable (CELValue) throws(CELError) -> CELValue?
    ) -> CELFunction {
        CELFunction(name, signatures) { (arguments) throws(CELError) in
            arguments.count == 1 ? try body(arguments[0]) : nil
        }
    }

    /// A function of two arguments.
    static func binary(
        _ name: String, _ signatures: Signature...,
        body: @escaping @Sendable (CELValue, CELValue) throws(CELError) -> CELValue?
    ) -> CELFunction {
        CELFunction(name, signatures) { (arguments) throws(CELError) in
            arguments.count == 2 ? try body(arguments[0], arguments[1]) : nil
        }
    }

    /// All functions and operators, by name.
    static let library: [String: CELFunction] = {
        let groups = [equality, ordering, arithmetic, logic, conversions, strings, lists, times, optionals]
        var library: [String: CELFunction] = [:]
        for function in groups.joined() { library[function.name] = function }
        return library
    }()
}

extension CELFunction {
    private static let ordered: [CELType] = [.int, .uint, .double, .bool, .string, .bytes, .timestamp, .duration]
    private static let summable: [CELType] = [.int, .uint, .double, .duration]

    static let lists: [CELFunction] = [
        CELFunction("isSorted", ordered.map { .method(.list($0), to: .bool) }) { (arguments) throws(CELError) in
            guard case .list(let list)? = arguments.first else { return nil }
            for (left, right) in zip(list.elements, list.elements.dropFirst()) where try order(left, right) == .greater
            {
                return .bool(false)
            }
            return .bool(true)
        },
        CELFunction("sum", summable.map { .method(.list($0), to: $0) }) { (arguments) throws(CELError) in
            guard case .list(let list)? = arguments.first else { return nil }
            guard var sum = list.elements.first else { return .int(0) }
            for element in list.elements.dropFirst() {
                guard let next = try library["_+_"]?.body([sum, element]) else { return nil }
                sum = next
            }
            return sum
        },
        extremum("min", .less), extremum("max", .greater),
        sets("sets.contains") { all, some in some.allSatisfy { element in all.contains { $0.equals(element) } } },
        sets("sets.intersects") { one, other in one.contains { element in other.contains { $0.equals(element) } } },
        sets("sets.equivalent") { one, other in
            one.allSatisfy { element in other.contains { $0.equals(element) } }
                && other.allSatisfy { element in one.contains { $0.equals(element) } }
        },
    ]

    private static func order(_ left: CELValue, _ right: CELValue) throws(CELError) -> CELValue.Order {
        guard let order = left.order(to: right) else { throw .noSuchOverload("\(left.typeName) < \(right.typeName)") }
        return order
    }

    private static func extremum(_ name: String, _ wanted: CELValue.Order) -> CELFunction {
        CELFunction(name, ordered.map { .method(.list($0), to: $0) }) { (arguments) throws(CELError) in
            guard case .list(let list)? = arguments.first else { return nil }
            guard var best = list.elements.first else { throw CELError("\(name) called on empty list") }
            for element in list.elements.dropFirst() where try order(element, best) == wanted { best = element }
            return best
        }
    }

    private static func sets(_ name: String, _ holds: @escaping @Sendable ([CELValue], [CELValue]) -> Bool)
        -> CELFunction
    {
        .binary(name, .function(.list(.parameter("T")), .list(.parameter("T")), to: .bool)) { left, right in
            guard case (.list(let left), .list(let right)) = (left, right) else { return nil }
            return .bool(holds(left.elements, right.elements))
        }
    }
}

extension CELFunction {
    private static let some = CELType.optional(.parameter("T"))

    static let optionals: [CELFunction] = [
        .unary("optional.of", .function(.parameter("T"), to: some)) { .optional($0) },
        .unary("optional.ofNonZeroValue", .function(.parameter("T"), to: some)) { .optional($0.isZero ? nil : $0) },
        CELFunction("optional.none", [.function(to: .optional(.dyn))]) { _ in .optional(nil) },
        .unary("hasValue", .method(some, to: .bool)) {
            if case .optional(let value) = $0 { .bool(value != nil) } else { nil }
        },
        .unary("value", .method(some, to: .parameter("T"))) { (operand) throws(CELError) in
            guard case .optional(let value) = operand else { return nil }
            guard let value else { throw CELError("optional.none() dereference") }
            return value
        },
        .binary("orValue", .method(some, .parameter("T"), to: .parameter("T"))) {
            if case .optional(let value) = $0 { value ?? $1 } else { nil }
        },
        .binary("or", .method(some, some, to: some)) {
            if case .optional(let value) = $0 { value == nil ? $1 : $0 } else { nil }
        },
    ]
}
