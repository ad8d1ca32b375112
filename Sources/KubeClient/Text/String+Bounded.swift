extension String {
    /// The text where it has at most `limit` bytes of UTF-8, otherwise its beginning and the mark `…`.
    ///
    /// It is cut between scalars. Where not even the mark has room, nothing is left.
    package func bounded(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        let mark = "…"
        guard limit >= mark.utf8.count else { return "" }
        var end = utf8.index(startIndex, offsetBy: limit - mark.utf8.count)
        while end > startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
        return self[..<end] + mark
    }
}
