extension Exposition.Family {
    /// True for the names of the family's samples.
    func owns(_ sample: String) -> Bool {
        switch kind {
        case .counter, .gauge: sample == name
        case .histogram: ["_bucket", "_sum", "_count"].contains { sample == name + $0 }
        }
    }

    /// Holds the values to what their kind promises.
    func check() throws(ExpositionError) {
        guard !samples.isEmpty else { throw ExpositionError(0, "\(name) has no samples") }
        guard Set(samples.map { Set($0.labels.keys).subtracting(["le"]) }).count == 1 else {
            throw ExpositionError(0, "the series of \(name) have different labels")
        }
        switch kind {
        case .gauge: break
        case .counter:
            guard name.hasSuffix("_total"), samples.allSatisfy({ $0.value >= 0 && $0.value.isFinite }) else {
                throw ExpositionError(0, "\(name) is no counter by its name or its values")
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
            else { throw ExpositionError(0, "the bounds of \(name) \(labels) do not ascend to +Inf") }
            let counts = buckets.map(\.value)
            guard zip(counts, counts.dropFirst()).allSatisfy({ $0 <= $1 }), counts.allSatisfy({ $0 >= 0 }) else {
                throw ExpositionError(0, "the buckets of \(name) \(labels) are not cumulative")
            }
            let totals = samples.filter { $0.name == name + "_count" }.map(\.value)
            let sums = samples.filter { $0.name == name + "_sum" }
            guard totals == [counts.last ?? -1], sums.count == 1, sums.allSatisfy({ $0.labels["le"] == nil }) else {
                throw ExpositionError(
                    0, "\(name) \(labels) lacks its sum, or its count is another than its last bucket's")
            }
        }
    }

    /// Not a number where the label is missing or no number.
    private func bound(of sample: Exposition.Sample) -> Double {
        guard let text = sample.labels["le"] else { return .nan }
        return text == "+Inf" ? .infinity : Double(text) ?? .nan
    }
}
