/// Why an expression does not compile or has no value, in the words of the reference implementation.
struct CELError: Error, Hashable, Sendable, CustomStringConvertible {
    let description: String
    /// The evaluation took more steps than it may; no `||` and no `&&` makes up for that.
    let isOutOfBudget: Bool

    init(_ description: String, isOutOfBudget: Bool = false) {
        self.description = description
        self.isOutOfBudget = isOutOfBudget
    }

    static let outOfBudget = CELError("operation cancelled: actual cost limit exceeded", isOutOfBudget: true)
    static let overflow = CELError("return error for overflow")

    static func noSuchKey(_ key: String) -> CELError { CELError("no such key: \(key)") }
    static func noSuchOverload(_ name: String) -> CELError { CELError("no such overload: \(name)") }
}
