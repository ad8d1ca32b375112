public import KubeClient

/// An object a ``Store`` can hold.
public protocol StoredObject: Sendable {
    var key: ObjectKey { get }
    var uid: String { get }
    var resourceVersion: ResourceVersion { get }
}

extension ObjectMetadata: StoredObject {}

/// What became different in a ``Store``.
public enum StoreChange<Object: StoredObject>: Sendable {
    case added(Object)
    case changed(old: Object, new: Object)
    /// The object's last known state.
    case deleted(Object)
    /// A version of an object that cannot be read; a version stored before is now stale.
    case quarantined(UndecodableObject)
    /// An object is gone of which no version could be read; this is what was known of it.
    case vanished(UndecodableObject)
    /// The store holds what the server holds: for the first time, or again after it was unavailable.
    case synced
    /// The server does not serve the resource type, for this reason; what is stored stays and is frozen.
    case unavailable(String)
}

extension StoreChange: Equatable where Object: Equatable {}
