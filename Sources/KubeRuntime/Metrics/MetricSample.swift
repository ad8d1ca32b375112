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
