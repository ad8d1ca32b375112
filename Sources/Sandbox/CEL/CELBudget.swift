/// How many steps expressions may still take; a step is a small piece of work, such as a call or a look at ten bytes.
struct CELBudget: Sendable {
    /// Steps left for all expressions together.
    private(set) var remaining: Int
    private var remainingOfExpression = 0
    private let perExpression: Int

    /// The defaults are the API server's bounds for the rules of one object and for one rule.
    init(total: Int = 10_000_000, perExpression: Int = 1_000_000) {
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
