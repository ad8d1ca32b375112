/// What the program was told.
struct Options {
    var first: UInt64 = 1
    var count: UInt64 = 100
    var jobs: UInt64 = 1
    var isVerbose = false

    var seeds: Range<UInt64> { first..<(first + count) }

    /// Nil when the arguments make no sense.
    init?(_ arguments: some Sequence<String>) {
        var rest = Array(arguments)[...]
        while let name = rest.popFirst() {
            if name == "--verbose" {
                isVerbose = true
                continue
            }
            guard let value = rest.popFirst().flatMap({ UInt64($0) }), value > 0, value < 1 << 40 else { return nil }
            switch name {
            case "--first": first = value
            case "--count": count = value
            case "--jobs": jobs = value
            default: return nil
            }
        }
    }
}
