import KubeClient

/// A label of an object.
struct ObjectLabel: Hashable, Sendable {
    let key: String
    let value: String
}

/// A stored version of an object: its JSON text and what lists, watches and garbage collection need.
///
/// Records are immutable: each write creates a new one. The text is complete, so list pages are made by joining texts.
final class ObjectRecord: Sendable {
    /// Empty for cluster-scoped objects.
    let namespace: String
    let name: String
    let uid: String
    /// The revision of the write.
    let revision: Int64
    let labels: [ObjectLabel]
    /// The values of the selectable fields, besides name and namespace.
    let fields: [String: String]
    let ownerReferences: [OwnerLink]
    /// True if the object is being deleted but has finalizers.
    let isTerminating: Bool
    let text: [UInt8]
    /// The position of the resource version in `text`.
    private let revisionRange: Range<Int>

    init(draft: ObjectDraft, revision: Int64) {
        namespace = draft.namespace
        name = draft.name
        uid = draft.uid
        self.revision = revision
        labels = draft.labels
        fields = draft.fields
        ownerReferences = draft.ownerReferences
        isTerminating = draft.isTerminating
        let digits = Array(String(revision).utf8)
        var text = draft.text
        text.insert(contentsOf: digits, at: draft.revisionOffset)
        self.text = text
        revisionRange = draft.revisionOffset..<(draft.revisionOffset + digits.count)
    }

    /// The text with the resource version replaced.
    func text(stampedWith revision: Int64) -> [UInt8] {
        var copy = text
        copy.replaceSubrange(revisionRange, with: Array(String(revision).utf8))
        return copy
    }

    /// Orders by namespace, then by name.
    func precedes(namespace otherNamespace: String, name otherName: String) -> Bool {
        namespace == otherNamespace ? name < otherName : namespace < otherNamespace
    }
}

/// The parts of an owner reference that garbage collection needs.
struct OwnerLink: Hashable, Sendable {
    let apiVersion: String
    let kind: String
    let name: String
    let uid: String
    let blocksDeletion: Bool
}

/// An object ready to store: encoded, except for the resource version that the write assigns.
struct ObjectDraft: Sendable {
    let namespace: String
    let name: String
    let uid: String
    let labels: [ObjectLabel]
    let fields: [String: String]
    let ownerReferences: [OwnerLink]
    let isTerminating: Bool
    let text: [UInt8]
    /// The position of the resource version in `text`.
    let revisionOffset: Int

    init(_ object: JSONValue, fields: [String: String]) {
        let metadata = object["metadata"] ?? [:]
        namespace = metadata["namespace"]?.stringValue ?? ""
        name = metadata["name"]?.stringValue ?? ""
        uid = metadata["uid"]?.stringValue ?? ""
        labels = (metadata["labels"]?.objectValue?.members ?? []).map {
            ObjectLabel(key: $0.key, value: $0.value.stringValue ?? "")
        }
        ownerReferences = (metadata["ownerReferences"]?.arrayValue ?? []).map(OwnerLink.init)
        isTerminating = metadata["deletionTimestamp"] != nil
        self.fields = fields
        (text, revisionOffset) = Self.encode(object)
    }

    private static func encode(_ object: JSONValue) -> (text: [UInt8], revisionOffset: Int) {
        var writer = JSONWriter()
        var offset = 0
        writer.beginObject()
        for member in object.objectValue?.members ?? [] {
            writer.key(member.key)
            guard member.key == "metadata" else {
                writer.value(member.value)
                continue
            }
            writer.beginObject()
            for field in member.value.objectValue?.members ?? [] where field.key != "resourceVersion" {
                writer.key(field.key)
                writer.value(field.value)
            }
            writer.key("resourceVersion")
            writer.string("")
            offset = writer.bytes.count - 1
            writer.endObject()
        }
        writer.endObject()
        return (writer.bytes, offset)
    }
}

extension OwnerLink {
    init(_ reference: JSONValue) {
        apiVersion = reference["apiVersion"]?.stringValue ?? ""
        kind = reference["kind"]?.stringValue ?? ""
        name = reference["name"]?.stringValue ?? ""
        uid = reference["uid"]?.stringValue ?? ""
        blocksDeletion = reference["blockOwnerDeletion"]?.boolValue ?? false
    }
}
