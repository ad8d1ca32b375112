import KubeClient
import Status
import Testing
import TowlineAPI

@Suite struct StatusLawTests {
    @Test func everySequenceOfEventsKeepsTheLaw() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        var reached: Set<Phase> = []
        for sequence in 0..<2000 {
            var status = ExecutionStatus()
            var now = ServerTime(seconds: 1_767_225_600)
            var generation: Int64 = 1
            for step in 0..<(4 + generator.number(below: 20)) {
                if generator.chance(10) { generation += 1 }
                now = generator.time(after: now)
                let events = (0...(generator.chance(20) ? 2 : 0)).map { _ in generator.event() }
                guard let next = status.after(events, generation: generation, now: now) else {
                    #expect(
                        status.after([.acknowledged], generation: generation, now: now) == nil,
                        "no write, but something to tell: seed \(seed), sequence \(sequence), step \(step)")
                    continue
                }
                let broken = StatusLaws.violations(from: status, to: next, generation: generation, now: now)
                guard broken.isEmpty else {
                    Issue.record("seed \(seed), sequence \(sequence), step \(step), \(events): \(broken)")
                    return
                }
                #expect(
                    next.after([.acknowledged], generation: generation, now: now) == nil,
                    "a second write without news: seed \(seed), sequence \(sequence), step \(step)")
                status = next
                reached.insert(status.phase)
            }
        }
        #expect(reached == Set(Phase.allCases), "seed \(seed)")
    }

    @Test func theSameEventTwiceIsOneWrite() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        var status = ExecutionStatus()
        let start = ServerTime(seconds: 1_767_225_600)
        for step in 0..<2000 {
            if status.phase.isTerminal { status = ExecutionStatus() }
            let event = generator.event()
            let now = start + .seconds(step)
            status = status.after(event, generation: 1, now: now) ?? status
            #expect(
                status.after(event, generation: 1, now: now + .seconds(5)) == nil,
                "seed \(seed), step \(step), \(event)")
        }
    }

    /// The checkers themselves must find what they look for.
    @Test func aBrokenLawIsFound() throws {
        let now = ServerTime(seconds: 1_767_225_600)
        let old = try #require(
            ExecutionStatus().after(.observed(Observation(reason: .succeeded, engine: .argo)), generation: 1, now: now))
        func violations(_ change: (inout ExecutionStatus) -> Void) -> [String] {
            var new = old
            new.updatedAt = now + .seconds(1)
            change(&new)
            return StatusLaws.violations(from: old, to: new, generation: 1, now: now)
        }
        #expect(violations { $0.progress = "1/1" } == [])
        #expect(violations { _ in }.contains("something else changed too"))
        #expect(violations { $0.updatedAt = old.updatedAt }.contains("updatedAt moves"))
        #expect(violations { $0.startedAt = now + .seconds(1) }.contains("startedAt is immutable"))
        #expect(violations { $0.finishedAt = now + .seconds(1) }.contains("finishedAt is immutable"))
        #expect(violations { $0.finishedAt = now - .seconds(1) }.contains("the end is not before the start"))
        #expect(violations { $0.phase = .failed }.contains("a terminal phase stays"))
        #expect(violations { $0.outcome = .failed }.contains("a terminal outcome stays"))
        #expect(violations { $0.outcome = nil }.contains("an outcome comes with the end"))
        #expect(violations { $0.observedGeneration = 2 }.contains("observedGeneration is the generation"))
        #expect(violations { $0.conditions = [] }.count == 3)
        #expect(violations { $0.message = String(repeating: "x", count: 1025) } == ["message has 1025 bytes"])
        #expect(
            violations { $0.conditions[0].lastTransitionTime = now + .seconds(9) }
                == ["Succeeded moved without a change"])
    }
}
