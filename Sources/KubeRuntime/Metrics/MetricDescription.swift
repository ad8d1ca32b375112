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
