/// A label of an object.
struct ObjectLabel: Hashable, Sendable {
    let key: String
    let value: String
}

/// One stored version of an object: its JSON text, and the little that lists, watches and garbage collection ask for.
///
/// A record never changes; a write makes a new one. The text is complete, so a list page is made by joining texts.
final class ObjectRecord: Sendable {
    /// Empty for a cluster-scoped object.
    let namespace: String
    let name: String
    let uid: String
    /// The revision of the write that made this version.
    let revision: Int64
    let labels: [ObjectLabel]
    /// The values of the fields that field selectors of this kind may name, beside name and namespace.
    let fields: [String: String]
    let ownerReferences: [OwnerLink]
    /// True when deletion was asked for and finalizers hold the object.
    let isTerminating: Bool
    let text: [UInt8]
    /// Where the digits of the resource version stand in `text`.
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

    /// The text as if this version had been written by the write of `revision`.
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

/// What garbage collection needs of an owner reference.
struct OwnerLink: Hashable, Sendable {
    let apiVersion: String
    let kind: String
    let name: String
    let uid: String
    let blocksDeletion: Bool
}
