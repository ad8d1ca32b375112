import TestSupport

/// A stream of numbers that is the same for the same seed on every machine.
///
/// Confined to the thread of one simulation, which is what makes it safe to share within that.
final class SeededRandom: @unchecked Sendable {
    private var numbers: SplitMix

    init(seed: UInt64) {
        numbers = SplitMix(seed: seed)
    }

    func next() -> UInt64 { numbers.next() }

    /// Uniform in `0..<1`.
    func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

    func chance(_ probability: Double) -> Bool { unit() < probability }

    /// Uniform in `0..<limit`; 0 if the limit is not positive.
    func below(_ limit: Int) -> Int { limit > 1 ? Int(next() % UInt64(limit)) : 0 }

    func duration(_ range: ClosedRange<Duration>) -> Duration {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }

    func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Another stream, so that one part of a simulation can use more numbers without changing those of another part.
    func split() -> SeededRandom { SeededRandom(seed: next()) }
}
