import KubeClient

/// The metrics of a process.
///
/// Asking twice for the same name gives the same metric, so that several queues can share one family. Asking for it
/// with another kind, other labels or another combination is a programming error and traps.
public final class MetricsRegistry: Sendable {
    private let families = Locked([String: MetricFamily]())
    private let seriesLimit: Int

    /// Makes an empty registry that keeps at most `seriesLimit` label combinations per metric.
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

    /// Registers a gauge whose values are read at every scrape; several readers of one name are combined.
    public func collectedGauge(
        _ name: String, help: String, labels: [String] = [], combining combination: MetricCombination = .sum,
        _ collect: @escaping @Sendable () -> [MetricSample]
    ) {
        family(name, help, .gauge, labels, combination).addCollector(collect)
    }

    /// Registers a counter whose values are read at every scrape; several readers of one name add up.
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

    /// Every metric that was asked for, by name, whether it has a value yet or not.
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
