/// The part of an object's metadata a controller works with.
///
/// Kept slim, because caches hold one for each object: managed fields are skipped, and annotations are only kept when
/// the decoder asks for them by name.
public struct ObjectMetadata: Hashable, Sendable {
    public var name = ""
    public var namespace = ""
    public var uid = ""
    public var resourceVersion = ResourceVersion("")
    public var generation: Int64 = 0
    public var creationTimestamp: ServerTime?
    /// Set while the object is being deleted.
    public var deletionTimestamp: ServerTime?
    /// The finalizers that keep an object that is being deleted, up to ``maximumFinalizers``; empty for every other.
    public var finalizers: [String] = []
    public var labels: [Label] = []
    /// The annotations that were asked for, where present.
    public var annotations: [Label] = []
    public var ownerReferences: [OwnerReference] = []

    public init() {}

    /// How many finalizers are kept; more than any object has.
    public static let maximumFinalizers = 8

    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// The owner that controls the object; the API server allows one at most.
    public var controller: OwnerReference? { ownerReferences.first { $0.isController } }

    public func label(_ key: String) -> String? { labels.first { $0.key == key }?.value }
    public func annotation(_ key: String) -> String? { annotations.first { $0.key == key }?.value }
}

/// One label or annotation.
public struct Label: Hashable, Sendable {
    public let key: String
    public let value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// A reference to an object that owns another; the owned one is garbage collected after the owner.
public struct OwnerReference: Hashable, Sendable {
    public var apiVersion = ""
    public var kind = ""
    public var name = ""
    public var uid = ""
    public var isController = false
    public var blocksOwnerDeletion = false

    public init() {}
}
