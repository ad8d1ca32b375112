import KubeClient
import Testing

@testable import KubeRuntime

/// Whatever the network does: never two valid tokens at once, and one of them soon after the trouble has ended.
@Suite struct ElectionModelTests {
    static let trouble = ElectionModel.Faults(
        clockRates: 0.84...1.24, loss: 0.15, duplication: 0.2, delay: 20, disturbance: 0.01)

    @Test(arguments: [2, 3]) func neverTwoLeaders(_ count: Int) async {
        var terms = 0
        for seed in UInt64(1)...30 {
            // The threads are shared with tests that watch the clock.
            await Task.yield()
            var model = ElectionModel(candidates: count, faults: Self.trouble, seed: seed)
            model.run(until: 600)
            #expect(model.violation == nil, "seed \(seed), \(count) candidates")
            terms += model.terms
            model.faults = ElectionModel.Faults()
            model.run(until: 700)
            #expect(model.violation == nil, "seed \(seed), \(count) candidates")
            let states = model.candidates.map { "\($0.machine.state)" }
            #expect(model.leaders.count == 1, "seed \(seed), \(count) candidates: nobody leads in the end, \(states)")
        }
        #expect(terms > 250, "leadership changed hands often enough to mean something: \(terms) terms")
    }

    /// What the law assumes is needed: with clocks beyond the bound the model finds two leaders.
    @Test func clocksBeyondTheBoundBreakIt() async {
        var faults = Self.trouble
        faults.clockRates = 0.5...2
        for seed in UInt64(1)...100 {
            await Task.yield()
            var model = ElectionModel(candidates: 3, faults: faults, seed: seed)
            model.run(until: 600)
            if model.violation != nil { return }
        }
        Issue.record("no seed made two leaders")
    }
}
