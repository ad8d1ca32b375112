import KubeClient

extension JSONValue {
    var metadata: JSONObject { self["metadata"]?.objectValue ?? JSONObject() }

    /// `metadata.uid`; empty if absent.
    var uid: String { metadata["uid"]?.stringValue ?? "" }

    /// The object's namespace and name; nil if it has no name.
    var objectKey: ObjectKey? {
        let metadata = metadata
        guard let name = metadata["name"]?.stringValue, !name.isEmpty else { return nil }
        return ObjectKey(namespace: metadata["namespace"]?.stringValue ?? "", name: name)
    }

    /// The elements of an array; empty for any other value.
    var elements: [JSONValue] { arrayValue ?? [] }

    /// A string, number, or Boolean as text, as manifests write parameter values; nil for any other value.
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
    /// The member's text; empty if absent or not a string.
    func text(_ key: String) -> String { self[key]?.stringValue ?? "" }
}

/// Builds the names of a run's child objects: the run's name and a suffix, at most 63 bytes.
enum ChildName {
    private static let maximumLength = 63
    private static let digestLength = 32

    /// Appends the suffix to the parent's name; a name that is too long is truncated and gets a hash of the full name.
    static func make(_ parent: String, _ suffix: String) -> String {
        if parent.utf8.count + suffix.utf8.count <= maximumLength { return parent + suffix }
        let digest = FNV.digits(parent + suffix, count: digestLength)
        let room = maximumLength - digestLength - suffix.utf8.count
        if room > 0 { return "\(parent.prefix(room))\(digest)\(suffix)" }
        return "\(parent.prefix(maximumLength - digestLength - 1))-\(digest)"
    }
}

/// The FNV-1a hash, which Argo uses for node IDs.
enum FNV {
    static func hash32(_ text: String) -> UInt32 {
        text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
    }

    static func hash64(_ text: String) -> UInt64 {
        text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    /// The 128-bit hash as 32 hexadecimal digits.
    static func hash128(_ text: String) -> String {
        let offset: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b
        let hash = text.utf8.reduce(offset) { ($0 ^ UInt128($1)) &* prime }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }

    /// `count` hexadecimal digits that depend on the whole text; not a cryptographic hash.
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
