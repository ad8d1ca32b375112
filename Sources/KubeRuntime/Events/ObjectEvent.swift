public import KubeClient

/// Something that happened to an object, as shown by `kubectl describe` and `kubectl events`.
///
/// Do not rely on events: they can be lost, and the API server deletes them. More people may read them than the object
/// itself, so they must not contain secrets. Text beyond the bounds of the Kubernetes API is truncated.
public struct ObjectEvent: Hashable, Sendable {
    public enum EventType: String, Hashable, Sendable {
        /// An expected event.
        case normal = "Normal"
        /// An event that may need attention.
        case warning = "Warning"
    }

    public let type: EventType
    /// Why: one CamelCase word for programs; at most 128 bytes.
    public let reason: String
    /// What was done, or failed: one CamelCase word; at most 128 bytes.
    public let action: String
    /// What happened, for people; at most 1,024 bytes.
    public let note: String
    /// The object that the event is about.
    public let regarding: ObjectReference
    /// Another object involved.
    public let related: ObjectReference?

    public init(
        _ type: EventType, reason: String, action: String, note: String, regarding: ObjectReference,
        related: ObjectReference? = nil
    ) {
        self.type = type
        self.reason = reason.bounded(to: Self.maximumWordLength)
        self.action = action.bounded(to: Self.maximumWordLength)
        self.note = note.displayable.bounded(to: Self.maximumNoteLength)
        self.regarding = regarding
        self.related = related
    }

    static let maximumWordLength = 128
    static let maximumNoteLength = 1024
}

/// A reference to an object in an event.
public struct ObjectReference: Hashable, Sendable {
    public var apiVersion: String
    public var kind: String
    public var key: ObjectKey
    public var uid: String
    /// The version meant; nil means any.
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

/// The reporting process of events.
public struct EventSource: Hashable, Sendable {
    /// The controller's qualified name, such as `example.com/operator`.
    public let controller: String
    /// The process, usually the name of its pod; at most 128 bytes.
    public let instance: String
    /// The field manager of the events' fields.
    public let fieldManager: String

    public init(controller: String, instance: String, fieldManager: String) {
        self.controller = controller
        // The API server rejects an event without one.
        self.instance = instance.isEmpty ? fieldManager : instance.bounded(to: ObjectEvent.maximumWordLength)
        self.fieldManager = fieldManager
    }
}
