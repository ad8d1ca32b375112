/// The part of an object's metadata that controllers use.
///
/// It is small because caches hold one for each object: managed fields are skipped, and only the annotations that the
/// decoder names are kept.
public struct ObjectMetadata: Hashable, Sendable {
    public var name = ""
    public var namespace = ""
    public var uid = ""
    public var resourceVersion = ResourceVersion("")
    public var generation: Int64 = 0
    public var creationTimestamp: ServerTime?
    /// Set while the object is being deleted.
    public var deletionTimestamp: ServerTime?
    /// The finalizers that block the deletion, up to ``maximumFinalizers``; empty if the object is not being deleted.
    public var finalizers: [String] = []
    public var labels: [Label] = []
    /// The annotations that the decoder asked for, if present.
    public var annotations: [Label] = []
    public var ownerReferences: [OwnerReference] = []

    public init() {}

    /// The maximum number of finalizers that are kept; real objects have fewer.
    public static let maximumFinalizers = 8

    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }

    /// The owner that controls the object; the API server allows at most one.
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

/// A reference to the owner of an object; the object is garbage collected after its owners are deleted.
public struct OwnerReference: Hashable, Sendable {
    public var apiVersion = ""
    public var kind = ""
    public var name = ""
    public var uid = ""
    public var isController = false
    public var blocksOwnerDeletion = false

    public init() {}
}

extension ObjectMetadata {
    /// Reads the value of an object's `metadata`.
    ///
    /// - Parameter annotations: the keys of the annotations to keep.
    public init(_ cursor: inout JSONCursor, annotations wanted: [String] = []) throws(JSONError) {
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if try cursor.readNull() { return }
            switch key {
            case "name": name = try cursor.readString()
            case "namespace": namespace = try cursor.readString()
            case "uid": uid = try cursor.readString()
            case "resourceVersion": resourceVersion = ResourceVersion(try cursor.readString())
            case "generation": generation = try cursor.readInteger()
            case "creationTimestamp": creationTimestamp = try cursor.readTimestamp()
            case "deletionTimestamp": deletionTimestamp = try cursor.readTimestamp()
            case "finalizers":
                try cursor.forEachElement { (cursor) throws(JSONError) in
                    let name = try cursor.readString()
                    if finalizers.count < Self.maximumFinalizers { finalizers.append(name) }
                }
            case "labels": labels = try cursor.readLabels { _ in true }
            case "annotations" where !wanted.isEmpty:
                annotations = try cursor.readLabels { wanted.contains($0) }
            case "ownerReferences":
                try cursor.forEachElement { (cursor) throws(JSONError) in
                    ownerReferences.append(try OwnerReference(&cursor))
                }
            default: try cursor.skipValue()
            }
        }
        // Finalizers matter only during deletion.
        if deletionTimestamp == nil { finalizers = [] }
    }
}

extension OwnerReference {
    /// Reads one element of `metadata.ownerReferences`.
    public init(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if try cursor.readNull() { return }
            switch key {
            case "apiVersion": apiVersion = try cursor.readString()
            case "kind": kind = try cursor.readString()
            case "name": name = try cursor.readString()
            case "uid": uid = try cursor.readString()
            case "controller": isController = try cursor.readBool()
            case "blockOwnerDeletion": blocksOwnerDeletion = try cursor.readBool()
            default: try cursor.skipValue()
            }
        }
    }
}

extension JSONCursor {
    /// Reads an RFC 3339 time.
    public mutating func readTimestamp() throws(JSONError) -> ServerTime {
        let start = offset
        let text = try readString()
        guard let timestamp = ServerTime(rfc3339: text) else {
            throw JSONError("\"\(text.prefix(40))\" is not an RFC 3339 time", offset: start)
        }
        return timestamp
    }

    /// Reads an object of strings and keeps the members whose keys match.
    mutating func readLabels(where isWanted: (String) -> Bool) throws(JSONError) -> [Label] {
        var labels: [Label] = []
        try forEachField { (key, cursor) throws(JSONError) in
            guard isWanted(key) else {
                try cursor.skipValue()
                return
            }
            labels.append(Label(key: key, value: try cursor.readNull() ? "" : cursor.readString()))
        }
        return labels
    }
}
