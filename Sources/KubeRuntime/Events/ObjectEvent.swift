import KubeClient

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
