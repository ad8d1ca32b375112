package import KubeClient

extension JSONValue {
    package var metadata: JSONObject { self["metadata"]?.objectValue ?? JSONObject() }

    /// Empty when the object has none.
    package var uid: String { metadata["uid"]?.stringValue ?? "" }

    /// Where the object lives; nil when it has no name.
    var objectKey: ObjectKey? {
        let metadata = metadata
        guard let name = metadata["name"]?.stringValue, !name.isEmpty else { return nil }
        return ObjectKey(namespace: metadata["namespace"]?.stringValue ?? "", name: name)
    }

    /// The elements of an array; none when this is something else.
    package var elements: [JSONValue] { arrayValue ?? [] }

    /// A string, or a number or truth value as text, the way manifests write parameter values.
    var scalarText: String? {
        switch self {
        case .string(let value): value
        case .integer(let value): String(value)
        case .double(let value): String(value)
        case .bool(let value): String(value)
        case .null, .array, .object: nil
        }
    }
}

extension JSONObject {
    /// The text of a member; empty when absent or no string.
    package func text(_ key: String) -> String { self[key]?.stringValue ?? "" }
}

/// Names of objects that belong to a run: the run's name with a suffix, at most 63 bytes.
enum ChildName {
    private static let longest = 63
    private static let digestLength = 32

    /// The parent's name and the suffix; what is too long is shortened and gets a digest of the whole.
    static func make(_ parent: String, _ suffix: String) -> String {
        if parent.utf8.count + suffix.utf8.count <= longest { return parent + suffix }
        let digest = FNV.digits(parent + suffix, count: digestLength)
        let room = longest - digestLength - suffix.utf8.count
        if room > 0 { return "\(parent.prefix(room))\(digest)\(suffix)" }
        return "\(parent.prefix(longest - digestLength - 1))-\(digest)"
    }
}

/// The hash function of Fowler, Noll and Vo, variant 1a, which Argo makes node ids of.
enum FNV {
    static func hash32(_ text: String) -> UInt32 {
        text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    static func hash64(_ text: String) -> UInt64 {
        text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    /// Hexadecimal digits that depend on all of the text; `count` of them. No cryptographic hash.
    static func digits(_ text: String, count: Int) -> String {
        var digits = ""
        var round = 0
        while digits.utf8.count < count {
            let part = String(hash64("\(round)/\(text)"), radix: 16)
            digits += String(repeating: "0", count: 16 - part.utf8.count) + part
            round += 1
        }
        return String(digits.prefix(count))
    }
}
