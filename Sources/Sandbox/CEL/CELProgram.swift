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

    func evaluate(_ variables: [(name: String, value: CELValue)], budget: inout CELBudget) throws(CELError) -> CELValue
    {
        var evaluation = CELEvaluation(scope: variables, budget: budget)
        defer { budget = evaluation.budget }
        return try evaluation.value(of: node)
    }
}
