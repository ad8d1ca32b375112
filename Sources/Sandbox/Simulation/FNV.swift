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
