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
