/// What tells one object from all others of its resource type.
public struct ObjectKey: Hashable, Sendable {
    /// Empty for objects that live in no namespace.
    public let namespace: String
    public let name: String

    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }
}

extension ObjectKey: Comparable {
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.namespace == right.namespace ? left.name < right.name : left.namespace < right.namespace
    }
}

extension ObjectKey: CustomStringConvertible {
    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}
