/// An expression that was read and checked, ready to run.
struct CELProgram: Sendable {
    let source: String
    let node: CELNode
    let type: CELType

    /// Compiles the expression; it may speak of the variables, which have these types.
    init(_ source: String, variables: [(name: String, type: CELType)]) throws(CELError) {
        self.source = source
        node = try CELParser.parse(source)
        var checker = CELChecker(variables: variables, source: source)
        type = try checker.type(of: node)
    }

    func evaluate(_ variables: [(name: String, value: CELValue)], budget: inout CELBudget) throws(CELError) -> CELValue {
        var evaluation = CELEvaluation(scope: variables, budget: budget)
        defer { budget = evaluation.budget }
        return try evaluation.value(of: node)
    }
}

/// How many steps expressions may still take; a step is a small piece of work, such as a call or a look at ten bytes.
struct CELBudget: Sendable {
    /// The API server's bound for one expression.
    static let perExpression = 1_000_000

    /// The API server's bound for all rules of one object.
    var remaining = 10_000_000
    var remainingOfExpression = perExpression

    mutating func charge(_ steps: Int) throws(CELError) {
        remaining -= min(steps, Self.perExpression)
        remainingOfExpression -= min(steps, Self.perExpression)
        guard remaining >= 0, remainingOfExpression >= 0 else { throw .outOfBudget }
    }
}
