/// One result of the workflow.
public struct Output: Hashable, Sendable {
    public var name: String
    /// A string as it is; anything else as JSON text.
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
