import KubeClient

/// The metrics of a process.
///
/// Registering a name twice returns the same metric, so that several queues can share one family. Registering it with
/// another kind, other labels or another combination is a programming error and traps.
public final class MetricsRegistry: Sendable {
    private let families = Locked([String: MetricFamily]())
    private let seriesLimit: Int

    /// Creates an empty registry that keeps at most `seriesLimit` label combinations per metric.
    public init(seriesLimit: Int = 500) {
        self.seriesLimit = seriesLimit
    }

    public func counter(_ name: String, help: String, labels: [String] = []) -> Counter {
        Counter(family: family(name, help, .counter, labels))
    }

    public func gauge(_ name: String, help: String, labels: [String] = []) -> Gauge {
        Gauge(family: family(name, help, .gauge, labels))
    }

    public func histogram(_ name: String, help: String, labels: [String] = [], buckets: [Double]) -> Histogram {
        let buckets = buckets.filter(\.isFinite).sorted()
        return Histogram(family: family(name, help, .histogram(buckets: buckets), labels), buckets: buckets)
    }

    /// Registers a gauge that is read at each scrape; the values of several collectors are combined.
    public func collectedGauge(
        _ name: String, help: String, labels: [String] = [], combining combination: MetricCombination = .sum,
        _ collect: @escaping @Sendable () -> [MetricSample]
    ) {
        family(name, help, .gauge, labels, combination).addCollector(collect)
    }

    /// Registers a counter that is read at each scrape; the values of several collectors are added.
    public func collectedCounter(
        _ name: String, help: String, labels: [String] = [], _ collect: @escaping @Sendable () -> [MetricSample]
    ) {
        family(name, help, .counter, labels).addCollector(collect)
    }

    /// All metrics in the Prometheus text format, version 0.0.4.
    public func exposition() -> [UInt8] {
        var text = PrometheusText()
        for family in sorted { text.append(family) }
        return text.bytes
    }

    /// All registered metrics, sorted by name, with or without values.
    public var descriptions: [MetricDescription] { sorted.map(MetricDescription.init) }

    private var sorted: [MetricFamily] {
        families.withLock { $0.values.sorted { $0.name < $1.name } }
    }

    private func family(
        _ name: String, _ help: String, _ kind: MetricFamily.Kind, _ labels: [String],
        _ combination: MetricCombination = .sum
    ) -> MetricFamily {
        families.withLock { families in
            if let known = families[name] {
                precondition(
                    known.kind == kind && known.labelNames == labels && known.combination == combination,
                    "metric \(name) is registered with another kind, other labels or another combination")
                return known
            }
            let family = MetricFamily(
                name: name, help: help, kind: kind, labelNames: labels, combination: combination,
                seriesLimit: seriesLimit)
            families[name] = family
            return family
        }
    }
}

/// All series of one metric name: one per combination of label values.
///
/// At most `seriesLimit` combinations are kept. Further ones are counted in one series whose label values are all
/// `other`, so that outside data cannot grow the process or the scrape without bound.
final class MetricFamily: Sendable {
    enum Kind: Hashable, Sendable {
        case counter
        case gauge
        case histogram(buckets: [Double])

        var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// The values of one combination of labels.
    struct Series: Sendable {
        /// The value, or a histogram's sum.
        var value: Double = 0
        /// A histogram's observations per bucket, not cumulative: one more than the bounds; otherwise empty.
        var bucketCounts: [UInt64] = []
    }

    /// Reads values at a scrape.
    typealias Collector = @Sendable () -> [MetricSample]

    private struct State {
        var series: [[String]: Series] = [:]
        var collectors: [Collector] = []
    }

    static let overflowLabel = "other"

    let name: String
    let help: String
    let kind: Kind
    let labelNames: [String]
    let combination: MetricCombination
    private let seriesLimit: Int
    private let state = Locked(State())

    init(
        name: String, help: String, kind: Kind, labelNames: [String], combination: MetricCombination, seriesLimit: Int
    ) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labelNames = labelNames
        self.combination = combination
        self.seriesLimit = seriesLimit
    }

    func update(_ labels: [String], _ change: (inout Series) -> Void) {
        let labels = fitted(labels)
        state.withLock { state in
            let isKnown = state.series[labels] != nil
            let key = isKnown || state.series.count < seriesLimit ? labels : labels.map { _ in Self.overflowLabel }
            change(&state.series[key, default: emptySeries])
        }
    }

    func remove(_ labels: [String]) {
        let labels = fitted(labels)
        state.withLock { $0.series[labels] = nil }
    }

    func addCollector(_ collector: @escaping Collector) {
        state.withLock { $0.collectors.append(collector) }
    }

    /// The series, collected ones included, in the order of their label values.
    func snapshot() -> [(labels: [String], series: Series)] {
        let (stored, collectors) = state.withLock { ($0.series, $0.collectors) }
        var all = stored
        for sample in collectors.flatMap({ $0() }) {
            let labels = fitted(sample.labels)
            if let known = all[labels] {
                all[labels]?.value = combination.combine(known.value, sample.value)
            } else if all.count < seriesLimit {
                all[labels] = Series(value: sample.value)
            }
        }
        return all.map { (labels: $0.key, series: $0.value) }
            .sorted { $0.labels.lexicographicallyPrecedes($1.labels) }
    }

    private var emptySeries: Series {
        guard case .histogram(let buckets) = kind else { return Series() }
        return Series(bucketCounts: Array(repeating: 0, count: buckets.count + 1))
    }

    /// One label value for each name: missing ones are empty, extra ones are dropped.
    private func fitted(_ labels: [String]) -> [String] {
        if labels.count == labelNames.count { return labels }
        let padding = Array(repeating: "", count: max(0, labelNames.count - labels.count))
        return Array(labels.prefix(labelNames.count)) + padding
    }
}

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
