/// A parsed and type-checked expression, ready to evaluate.
package struct CELProgram: Sendable {
    let source: String
    let variables: [(name: String, type: CELType)]
    let node: CELNode
    /// The type of the result.
    package let type: CELType

    /// Compiles an expression over variables of the given types.
    package init(_ source: String, variables: [(name: String, type: CELType)]) throws(CELError) {
        self.source = source
        self.variables = variables
        node = try CELParser.parse(source)
        var checker = CELChecker(variables: variables, source: source)
        type = try checker.type(of: node)
    }

    /// True if the expression uses the variable.
    package func mentions(_ variable: String) -> Bool { node.mentions(variable) }

    /// Evaluates the expression and deducts the cost from the budget.
    package func evaluate(_ variables: [(name: String, value: CELValue)], budget: inout CELBudget) throws(CELError)
        -> CELValue
    {
        var evaluation = CELEvaluation(scope: variables, budget: budget)
        defer { budget = evaluation.budget }
        return try evaluation.value(of: node)
    }
}

/// Limits the cost of expressions. One step is a small unit of work, such as a call or reading ten bytes.
package struct CELBudget: Sendable {
    /// Steps left for all expressions together.
    package private(set) var remaining: Int
    private var remainingOfExpression = 0
    private let perExpression: Int

    /// The defaults are the API server's limits for the rules of one object and for a single rule.
    package init(total: Int = 10_000_000, perExpression: Int = 1_000_000) {
        remaining = total
        self.perExpression = perExpression
    }

    mutating func startExpression() { remainingOfExpression = perExpression }

    mutating func charge(_ steps: Int) throws(CELError) {
        remaining -= min(steps, perExpression)
        remainingOfExpression -= min(steps, perExpression)
        guard remaining >= 0, remainingOfExpression >= 0 else { throw .outOfBudget }
    }
}

/// A compile or evaluation error, worded as in the reference implementation, cel-go.
package struct CELError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    /// True if the budget ran out. This error is never hidden by the other operand of `||` or `&&`.
    package let isOutOfBudget: Bool

    init(_ description: String, isOutOfBudget: Bool = false) {
        self.description = description
        self.isOutOfBudget = isOutOfBudget
    }

    static let outOfBudget = CELError("operation cancelled: actual cost limit exceeded", isOutOfBudget: true)
    static let overflow = CELError("return error for overflow")

    static func noSuchKey(_ key: String) -> CELError { CELError("no such key: \(key)") }
    static func noSuchOverload(_ name: String) -> CELError { CELError("no such overload: \(name)") }
}
