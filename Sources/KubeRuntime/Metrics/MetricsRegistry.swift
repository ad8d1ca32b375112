import KubeClient

/// The metrics of a process.
///
/// Asking twice for the same name gives the same metric, so that several queues can share one family. Asking for it
/// with another kind or other labels is a programming error and traps.
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

    /// Registers a gauge whose values are read at every scrape; several readers of one name add up.
    public func collectedGauge(
        _ name: String, help: String, labels: [String] = [],
        _ collect: @escaping @Sendable () -> [(labels: [String], value: Double)]
    ) {
        family(name, help, .gauge, labels).addCollector(collect)
    }

    /// Registers a counter whose values are read at every scrape.
    public func collectedCounter(
        _ name: String, help: String, labels: [String] = [],
        _ collect: @escaping @Sendable () -> [(labels: [String], value: Double)]
    ) {
        family(name, help, .counter, labels).addCollector(collect)
    }

    /// All metrics in the Prometheus text format, version 0.0.4.
    public func exposition() -> [UInt8] {
        var text = PrometheusText()
        for family in families.withLock({ $0.values.sorted { $0.name < $1.name } }) {
            text.append(family)
        }
        return text.bytes
    }

    private func family(
        _ name: String, _ help: String, _ kind: MetricFamily.Kind, _ labels: [String]
    ) -> MetricFamily {
        families.withLock { families in
            if let known = families[name] {
                precondition(
                    known.kind == kind && known.labelNames == labels,
                    "metric \(name) is registered with another kind or other labels")
                return known
            }
            let family = MetricFamily(
                name: name, help: help, kind: kind, labelNames: labels, seriesLimit: seriesLimit)
            families[name] = family
            return family
        }
    }
}
