/// A metric that only grows: events since the process started.
public struct Counter: Sendable {
    let family: MetricFamily

    /// Creates the series with these label values at 0, so that its first increment is visible as a step.
    public func expose(_ labels: [String] = []) {
        family.update(labels) { _ in }
    }

    /// Adds `amount`, which must not be negative, to the series with these label values.
    public func increment(_ labels: [String] = [], by amount: Double = 1) {
        guard amount >= 0 else { return }
        family.update(labels) { $0.value += amount }
    }
}

/// A metric that goes up and down: the current state of something.
public struct Gauge: Sendable {
    let family: MetricFamily

    public func set(_ value: Double, _ labels: [String] = []) {
        family.update(labels) { $0.value = value }
    }

    public func add(_ amount: Double, _ labels: [String] = []) {
        family.update(labels) { $0.value += amount }
    }

    /// Removes the series with these label values.
    public func remove(_ labels: [String] = []) {
        family.remove(labels)
    }
}

/// A metric that counts observations by size.
public struct Histogram: Sendable {
    let family: MetricFamily
    /// The upper bounds of the buckets, ascending; one more bucket has the larger values.
    let buckets: [Double]

    /// Creates the series with these label values, without an observation.
    public func expose(_ labels: [String] = []) {
        family.update(labels) { _ in }
    }

    public func observe(_ value: Double, _ labels: [String] = []) {
        let index = buckets.firstIndex { value <= $0 } ?? buckets.count
        family.update(labels) { series in
            series.bucketCounts[index] += 1
            series.value += value
        }
    }

    /// Observes a duration in seconds.
    public func observe(_ duration: Duration, _ labels: [String] = []) {
        observe(duration.inSeconds, labels)
    }

    /// Returns bounds for durations, in seconds: `first`, then each `factor` times the previous one.
    public static func exponentialBuckets(first: Double, factor: Double, count: Int) -> [Double] {
        var bounds: [Double] = []
        var bound = first
        for _ in 0..<max(count, 0) {
            bounds.append(bound)
            bound *= factor
        }
        return bounds
    }
}

extension Duration {
    /// The duration in seconds, the unit of metrics.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

/// One value of a metric at a scrape, with its label values.
public struct MetricSample: Hashable, Sendable {
    public let labels: [String]
    public let value: Double

    public init(_ value: Double, _ labels: [String] = []) {
        self.labels = labels
        self.value = value
    }
}

/// How to combine the values of several collectors for the same label values.
public enum MetricCombination: Hashable, Sendable {
    /// Adds parts of a whole, such as the objects of several caches.
    case sum
    /// Takes the smallest value, which is true for all of them, such as "complete up to this version".
    case minimum
    /// Takes the greatest value, such as a number of failures.
    case maximum

    func combine(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .sum: left + right
        case .minimum: min(left, right)
        case .maximum: max(left, right)
        }
    }
}

/// The name, help and labels of a metric, without values: the source of the reference page.
public struct MetricDescription: Hashable, Sendable {
    public let name: String
    /// One or two sentences.
    public let help: String
    /// `counter`, `gauge` or `histogram`.
    public let type: String
    /// The names of its labels, in order.
    public let labels: [String]
    /// The upper bounds of a histogram's buckets, ascending, without the unbounded last one.
    public let buckets: [Double]

    init(_ family: MetricFamily) {
        name = family.name
        help = family.help
        type = family.kind.name
        labels = family.labelNames
        if case .histogram(let buckets) = family.kind { self.buckets = buckets } else { buckets = [] }
    }
}
