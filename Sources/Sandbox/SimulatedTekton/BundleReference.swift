/// The reference of an image: repository, tag and digest.
struct BundleReference: Hashable, Sendable {
    let repository: String
    /// `latest` where the text has neither tag nor digest; empty where it has only a digest.
    let tag: String
    /// `sha256:` and 64 hexadecimal digits; nil when the text has none.
    let digest: String?

    init(_ text: String) {
        var rest = Substring(text)
        if let at = rest.lastIndex(of: "@") {
            digest = String(rest[rest.index(after: at)...])
            rest = rest[..<at]
        } else {
            digest = nil
        }
        let lastSlash = rest.lastIndex(of: "/") ?? rest.startIndex
        if let colon = rest[lastSlash...].lastIndex(of: ":") {
            tag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        } else {
            tag = digest == nil ? "latest" : ""
        }
        repository = String(rest)
    }

    /// Tells whether a wanted reference means an image that is known by this reference and digest.
    ///
    /// A digest decides alone, as it does at a registry.
    func isWanted(by wanted: BundleReference, digest: String) -> Bool {
        guard repository == wanted.repository else { return false }
        if let wantedDigest = wanted.digest { return wantedDigest == digest }
        return tag == wanted.tag
    }
}
