/// The identity that requests are to be judged by, instead of the one they prove.
public struct Impersonation: Hashable, Sendable {
    public let user: String
    public let uid: String
    public let groups: [String]
    /// Further attributes, by name.
    public let extra: [String: [String]]

    public init(user: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.user = user
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    /// The `Impersonate-…` headers. A name stands once for each of its values; the keys of extras are in lower case
    /// and percent-encoded.
    public var headers: [(name: String, value: String)] {
        var headers = [(name: "Impersonate-User", value: user)]
        if !uid.isEmpty { headers.append(("Impersonate-Uid", uid)) }
        headers += groups.map { ("Impersonate-Group", $0) }
        for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
            let name = "Impersonate-Extra-\(key.lowercased().percentEncodedQueryValue)"
            headers += values.map { (name, $0) }
        }
        return headers
    }
}
