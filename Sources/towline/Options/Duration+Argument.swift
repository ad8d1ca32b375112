import KubeClient

extension Duration {
    /// Reads Go's notation of durations with whole numbers: `250ms`, `10s`, `1m30s`, `2h`.
    init?(argument: String) {
        var total = Duration.zero
        var rest = argument[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let count = Int64(digits), count <= 1_000_000_000 else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            switch unit {
            case "ms": total += .milliseconds(count)
            case "s": total += .seconds(count)
            case "m": total += .seconds(count * 60)
            case "h": total += .seconds(count * 3600)
            default: return nil
            }
        }
        self = total
    }

    /// Go's notation without zeros at its end: `10s`, `1m`, `1h`.
    var argumentText: String {
        var text = goText
        if text.hasSuffix("m0s") { text.removeLast(2) }
        if text.hasSuffix("h0m") { text.removeLast(2) }
        return text
    }
}
