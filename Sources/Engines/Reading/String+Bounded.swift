/// The most that is kept of texts that somebody else wrote, in bytes of UTF-8; a status has room for all of it.
enum Bounds {
    static let message = 1024
    static let engineReason = 128
    /// Names of tasks, steps and outputs.
    static let name = 253
    static let digest = 128
    static let outputValue = 4096
    /// How many outputs are kept, and how many bytes of all their values.
    static let outputs = 64
    static let outputsTotal = 32 * 1024
}

extension String {
    /// The text where it has at most `limit` bytes, otherwise its beginning and the mark `…`.
    func bounded(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        let mark = "…"
        var end = utf8.index(startIndex, offsetBy: max(0, limit - mark.utf8.count))
        // Not between the bytes of one character.
        while end > startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return self[..<end] + mark
    }
}
