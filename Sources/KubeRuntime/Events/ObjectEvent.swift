public import KubeClient

/// Something that happened to an object, told to people: `kubectl describe` and `kubectl events` show it.
///
/// Nothing may be built on events: they are published as far as that works, and the API server forgets them. More
/// people may read them than the object itself, so that no secret may be part of one. Texts beyond the bounds of the
/// Kubernetes API are cut.
public struct ObjectEvent: Hashable, Sendable {
    public enum EventType: String, Hashable, Sendable {
        /// As it should be.
        case normal = "Normal"
        /// Somebody may have to look after it.
        case warning = "Warning"
    }

    public let type: EventType
    /// Why: one specific word in CamelCase, for machines; at most 128 bytes.
    public let reason: String
    /// What was done, or failed: one word in CamelCase; at most 128 bytes.
    public let action: String
    /// What happened, for people; at most 1024 bytes.
    public let note: String
    /// The object it happened to.
    public let regarding: ObjectReference
    /// Another object that has a part in it.
    public let related: ObjectReference?

    public init(
        _ type: EventType, reason: String, action: String, note: String, regarding: ObjectReference,
        related: ObjectReference? = nil
    ) {
        self.type = type
        self.reason = reason.bounded(to: Self.longestWord)
        self.action = action.bounded(to: Self.longestWord)
        self.note = note.bounded(to: Self.longestNote)
        self.regarding = regarding
        self.related = related
    }

    static let longestWord = 128
    static let longestNote = 1024
}

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

/// Who tells the events of a process.
public struct EventSource: Hashable, Sendable {
    /// The controller as a qualified name, such as `example.com/operator`.
    public let controller: String
    /// The process, mostly the name of its pod; at most 128 bytes.
    public let instance: String
    /// In whose name the fields of the events are set.
    public let fieldManager: String

    public init(controller: String, instance: String, fieldManager: String) {
        self.controller = controller
        // The API server refuses an event without one.
        self.instance = instance.isEmpty ? fieldManager : instance.bounded(to: ObjectEvent.longestWord)
        self.fieldManager = fieldManager
    }
}
