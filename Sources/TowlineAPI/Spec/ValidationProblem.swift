/// One thing that is wrong with a spec: where, and what it has to be.
public struct ValidationProblem: Hashable, Sendable, CustomStringConvertible {
    /// The path of the field, such as `spec.workflowRef.engine`.
    public let field: String
    public let message: String

    public init(field: String, message: String) {
        self.field = field
        self.message = message
    }

    public var description: String { "\(field): \(message)" }
}
