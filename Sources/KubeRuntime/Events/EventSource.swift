import KubeClient

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
