/// Writes metrics in the Prometheus text exposition format, version 0.0.4.
struct PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []

    /// Writes a family with its help and type lines; nothing if it has no series.
    mutating func append(_ family: MetricFamily) {
        let series = family.snapshot()
        guard !series.isEmpty else { return }
        write("# HELP \(family.name) \(Self.escaped(family.help, quotes: false))\n")
        write("# TYPE \(family.name) \(family.kind.name)\n")
        for (labels, values) in series {
            let pairs = Array(zip(family.labelNames, labels))
            if case .histogram(let bounds) = family.kind {
                appendHistogram(family.name, pairs, bounds, values)
            } else {
                appendSample(family.name, pairs, values.value)
            }
        }
    }

    private mutating func appendHistogram(
        _ name: String, _ labels: [(String, String)], _ bounds: [Double], _ values: MetricFamily.Series
    ) {
        var cumulative: UInt64 = 0
        for (bound, count) in zip(bounds + [.infinity], values.bucketCounts) {
            cumulative += count
            appendSample(name + "_bucket", labels + [("le", Self.number(bound))], Double(cumulative))
        }
        appendSample(name + "_sum", labels, values.value)
        appendSample(name + "_count", labels, Double(cumulative))
    }

    private mutating func appendSample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        write(name)
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.0)=\"\(Self.escaped($0.1, quotes: true))\"" }
            write("{" + pairs.joined(separator: ",") + "}")
        }
        write(" \(Self.number(value))\n")
    }

    private mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// A number that Go can parse; integers without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
