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
