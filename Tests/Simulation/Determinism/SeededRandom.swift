/// A stream of numbers that is the same for the same seed on every machine (SplitMix64).
///
/// Confined to the thread of one simulation, which is what makes it safe to share within that.
final class SeededRandom: @unchecked Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Uniform in `0..<1`.
    func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

    func chance(_ probability: Double) -> Bool { unit() < probability }

    /// Uniform in `0..<limit`; 0 when there is nothing to choose from.
    func below(_ limit: Int) -> Int { limit > 1 ? Int(next() % UInt64(limit)) : 0 }

    func duration(_ range: ClosedRange<Duration>) -> Duration {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }

    func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Another stream, so that one part of a simulation can draw more without changing what another part draws.
    func split() -> SeededRandom { SeededRandom(seed: next()) }
}
