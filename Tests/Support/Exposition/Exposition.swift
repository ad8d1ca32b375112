/// A page of metrics in the Prometheus text format, version 0.0.4, parsed strictly.
///
/// It rejects some pages that Prometheus accepts.
public struct Exposition: Sendable {
    public enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    public struct Sample: Hashable, Sendable {
        public let name: String
        public let labels: [String: String]
        public let value: Double
    }

    public struct Family: Sendable {
        public let name: String
        public let kind: Kind
        public let help: String
        public internal(set) var samples: [Sample]
    }

    public let families: [Family]

    /// Parses a page.
    ///
    /// - Throws: the first error with its line.
    public init(_ text: String) throws(ExpositionError) {
        var reader = ExpositionReader()
        guard text.isEmpty || text.hasSuffix("\n") else {
            throw ExpositionError(0, "the last line does not end with a line feed")
        }
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().enumerated() {
            do {
                try reader.read(line)
            } catch {
                throw ExpositionError(index + 1, "\(error.problem): \(line)")
            }
        }
        families = try reader.finish()
    }

    public func family(_ name: String) -> Family? { families.first { $0.name == name } }

    /// The value of one series; nil if it does not exist.
    public func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.lazy.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
    }
}

/// An error in a page of metrics with its line; line 0 is the whole page.
public struct ExpositionError: Error, CustomStringConvertible {
    public let line: Int
    public let problem: String

    init(_ line: Int = 0, _ problem: String) {
        self.line = line
        self.problem = problem
    }

    public var description: String { "line \(line): \(problem)" }
}

extension Exposition.Family {
    /// True if samples of this name belong to the family.
    func owns(_ sample: String) -> Bool {
        switch kind {
        case .counter, .gauge: sample == name
        case .histogram: ["_bucket", "_sum", "_count"].contains { sample == name + $0 }
        }
    }

    /// Checks the values against the rules of the metric type.
    func check() throws(ExpositionError) {
        guard !samples.isEmpty else { throw ExpositionError(0, "\(name) has no samples") }
        guard Set(samples.map { Set($0.labels.keys).subtracting(["le"]) }).count == 1 else {
            throw ExpositionError(0, "the series of \(name) have different labels")
        }
        switch kind {
        case .gauge: break
        case .counter:
            guard name.hasSuffix("_total"), samples.allSatisfy({ $0.value >= 0 && $0.value.isFinite }) else {
                throw ExpositionError(0, "\(name) has a name or values that a counter cannot have")
            }
        case .histogram: try checkHistogram()
        }
    }

    private func checkHistogram() throws(ExpositionError) {
        let series = Dictionary(grouping: samples) { $0.labels.filter { $0.key != "le" } }
        for (labels, samples) in series {
            let buckets = samples.filter { $0.name == name + "_bucket" }
            let bounds = buckets.map { bound(of: $0) }
            guard !bounds.contains(where: \.isNaN), zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }),
                bounds.last == .infinity
            else { throw ExpositionError(0, "the bounds of \(name) \(labels) do not increase to +Inf") }
            let counts = buckets.map(\.value)
            guard zip(counts, counts.dropFirst()).allSatisfy({ $0 <= $1 }), counts.allSatisfy({ $0 >= 0 }) else {
                throw ExpositionError(0, "the buckets of \(name) \(labels) are not cumulative")
            }
            let totals = samples.filter { $0.name == name + "_count" }.map(\.value)
            let sums = samples.filter { $0.name == name + "_sum" }
            guard totals == [counts.last ?? -1], sums.count == 1, sums.allSatisfy({ $0.labels["le"] == nil }) else {
                throw ExpositionError(
                    0, "\(name) \(labels) has no sum, or its count differs from its last bucket")
            }
        }
    }

    /// The bound of a bucket; NaN if the label is missing or malformed.
    private func bound(of sample: Exposition.Sample) -> Double {
        guard let text = sample.labels["le"] else { return .nan }
        return text == "+Inf" ? .infinity : Double(text) ?? .nan
    }
}
