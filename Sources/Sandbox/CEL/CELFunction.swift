/// A function or an operator: for which types it is defined, and what it does.
struct CELFunction: Sendable {
    struct Signature: Sendable {
        /// Set for a method, such as `text.size()`.
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

    /// Gets the arguments, a method's receiver first; nil when it is not defined for them.
    typealias Body = @Sendable ([CELValue]) throws(CELError) -> CELValue?

    let name: String
    let signatures: [Signature]
    let body: Body

    init(_ name: String, _ signatures: [Signature], _ body: @escaping Body) {
        self.name = name
        self.signatures = signatures
        self.body = body
    }

    /// A function of one value.
    static func unary(
        _ name: String, _ signatures: Signature..., body: @escaping @Sendable (CELValue) throws(CELError) -> CELValue?
    ) -> CELFunction {
        CELFunction(name, signatures) { (arguments) throws(CELError) in
            arguments.count == 1 ? try body(arguments[0]) : nil
        }
    }

    /// A function of two values.
    static func binary(
        _ name: String, _ signatures: Signature...,
        body: @escaping @Sendable (CELValue, CELValue) throws(CELError) -> CELValue?
    ) -> CELFunction {
        CELFunction(name, signatures) { (arguments) throws(CELError) in
            arguments.count == 2 ? try body(arguments[0], arguments[1]) : nil
        }
    }

    /// All functions by name.
    static let library: [String: CELFunction] = {
        let groups = [equality, ordering, arithmetic, logic, conversions, strings, lists, times, optionals]
        var library: [String: CELFunction] = [:]
        for function in groups.joined() { library[function.name] = function }
        return library
    }()
}
