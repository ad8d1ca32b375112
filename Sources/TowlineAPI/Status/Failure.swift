/// Where and why a workflow failed first, as far as the engine tells.
public struct Failure: Hashable, Sendable {
    public var task: String?
    public var step: String?
    public var exitCode: Int64?
    /// The engine's or the kubelet's word, such as `OOMKilled`.
    public var reason: String?
    public var message: String?

    public init(
        task: String? = nil, step: String? = nil, exitCode: Int64? = nil, reason: String? = nil,
        message: String? = nil
    ) {
        self.task = task
        self.step = step
        self.exitCode = exitCode
        self.reason = reason
        self.message = message
    }
}
