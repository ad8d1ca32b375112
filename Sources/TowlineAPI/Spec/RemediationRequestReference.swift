/// The object on whose behalf an execution was made; kept for audit, never read or followed.
public struct RemediationRequestReference: Hashable, Sendable {
    public var kind: String?
    public var name: String
    public var namespace: String?

    public init(kind: String? = nil, name: String, namespace: String? = nil) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
    }
}
