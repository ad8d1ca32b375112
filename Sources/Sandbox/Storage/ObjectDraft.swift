import KubeClient

/// An object ready to be stored: encoded but for the resource version, which the write gives it.
struct ObjectDraft: Sendable {
    let namespace: String
    let name: String
    let uid: String
    let labels: [ObjectLabel]
    let fields: [String: String]
    let ownerReferences: [OwnerLink]
    let isTerminating: Bool
    let text: [UInt8]
    /// Where the digits of the resource version belong in `text`.
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
