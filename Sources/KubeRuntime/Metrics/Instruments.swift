/// A metric that only grows: events since the process started.
public struct Counter: Sendable {
    let family: MetricFamily

    /// Lets the series with these label values exist from now on, at 0, so that its first event is a step to be seen.
    public func expose(_ labels: [String] = []) {
        family.update(labels) { _ in }
    }

    /// Adds `amount`, which must not be negative, to the series with these label values.
    public func increment(_ labels: [String] = [], by amount: Double = 1) {
        guard amount >= 0 else { return }
        family.update(labels) { $0.value += amount }
    }
}

/// A metric that goes up and down: the state of something now.
public struct Gauge: Sendable {
    let family: MetricFamily

    public func set(_ value: Double, _ labels: [String] = []) {
        family.update(labels) { $0.value = value }
    }

    public func add(_ amount: Double, _ labels: [String] = []) {
        family.update(labels) { $0.value += amount }
    }

    /// Forgets the series with these label values: what it described is gone.
    public func remove(_ labels: [String] = []) {
        family.remove(labels)
    }
}

/// A metric that counts observations by size.
public struct Histogram: Sendable {
    let family: MetricFamily
    /// The upper bounds of the buckets, ascending; everything above falls into one more.
    let buckets: [Double]

    /// Lets the series with these label values exist from now on, without an observation.
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

    /// Bounds for durations from `first` seconds on, each `factor` times the one before.
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
    /// The duration in seconds, as metrics want it.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

/// One value that is read at a scrape, for one combination of label values.
public struct MetricSample: Hashable, Sendable {
    public let labels: [String]
    public let value: Double

    public init(_ value: Double, _ labels: [String] = []) {
        self.labels = labels
        self.value = value
    }
}

/// What the values mean together that several readers give for the same labels.
public enum MetricCombination: Hashable, Sendable {
    /// Parts of a whole, such as the objects of several caches.
    case sum
    /// Statements that hold for all only as far as for the least of them, such as "up to this version".
    case minimum
    /// Troubles, of which the greatest counts.
    case maximum

    func combine(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .sum: left + right
        case .minimum: min(left, right)
        case .maximum: max(left, right)
        }
    }
}

/// What a metric is, without its values: the source of the reference page.
public struct MetricDescription: Hashable, Sendable {
    public let name: String
    /// One or two sentences.
    public let help: String
    /// `counter`, `gauge` or `histogram`.
    public let type: String
    /// The names of its labels, in order.
    public let labels: [String]
    /// The upper bounds of a histogram's buckets, ascending, without the last one, which has none.
    public let buckets: [Double]

    init(_ family: MetricFamily) {
        name = family.name
        help = family.help
        type = family.kind.word
        labels = family.labelNames
        if case .histogram(let buckets) = family.kind { self.buckets = buckets } else { buckets = [] }
    }
}
