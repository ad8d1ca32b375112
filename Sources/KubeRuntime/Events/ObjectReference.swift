public import KubeClient

/// Names an object in an event.
public struct ObjectReference: Hashable, Sendable {
    public var apiVersion: String
    public var kind: String
    public var key: ObjectKey
    public var uid: String
    /// The version that is meant; nil for whichever there is.
    public var resourceVersion: ResourceVersion?

    public init(
        apiVersion: String, kind: String, key: ObjectKey, uid: String, resourceVersion: ResourceVersion? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.key = key
        self.uid = uid
        self.resourceVersion = resourceVersion
    }
}
