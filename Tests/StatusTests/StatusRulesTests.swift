import KubeClient
import Status
import TestSupport
import Testing
import TowlineAPI

/// Applies random events to the status of each kind and checks every update.
@Suite struct StatusRulesTests {
    private static let start = ServerTime(seconds: 1_767_225_600)

    /// Functions of one kind that the property tests need.
    private struct Kind<Status: KindStatus, Event: Sendable>: Sendable {
        let initial: Status
        let event: @Sendable (inout EventGenerator) -> Event
        let after: @Sendable (Status, [Event], Int64, ServerTime) -> Status?
        let violations: @Sendable (Status, Status, Int64, ServerTime) -> [String]
    }

    private static let execution = Kind(
        initial: ExecutionStatus(), event: { $0.event() },
        after: { $0.after($1, generation: $2, now: $3) },
        violations: { ExecutionRules.violations(from: $0, to: $1, generation: $2, now: $3) })

    private static let environment = Kind(
        initial: EnvironmentStatus(), event: { $0.environmentEvent() },
        after: { $0.after($1, generation: $2, now: $3) },
        violations: { EnvironmentRules.violations(from: $0, to: $1, generation: $2, now: $3) })

    @Test func `every sequence of events keeps the rules of an execution's status`() {
        #expect(reachedPhases(Self.execution) == Set(Phase.allCases))
    }

    @Test func `every sequence of events keeps the rules of an environment's status`() {
        #expect(reachedPhases(Self.environment) == Set(EnvironmentPhase.allCases))
    }

    /// Checks random sequences of events; returns the phases that occurred.
    private func reachedPhases<Status: KindStatus, Event>(_ kind: Kind<Status, Event>) -> Set<Status.Phase> {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        var reached: Set<Status.Phase> = [kind.initial.phase]
        for sequence in 0..<2000 {
            var status = kind.initial
            if generator.chance(20) { status.conditions = [foreignCondition] }
            var now = Self.start
            var generation: Int64 = 1
            for step in 0..<(4 + generator.number(below: 20)) {
                if generator.chance(10) { generation += 1 }
                now = generator.time(after: now)
                let events = (0...(generator.chance(20) ? 2 : 0)).map { _ in kind.event(&generator) }
                guard let next = kind.after(status, events, generation, now) else {
                    #expect(
                        kind.after(status, [], generation, now) == nil,
                        "an update was lost: seed \(seed), sequence \(sequence), step \(step)")
                    continue
                }
                let broken = kind.violations(status, next, generation, now)
                guard broken.isEmpty else {
                    Issue.record("seed \(seed), sequence \(sequence), step \(step), \(events): \(broken)")
                    return reached
                }
                #expect(
                    kind.after(next, [], generation, now) == nil,
                    "a second update without a change: seed \(seed), sequence \(sequence), step \(step)")
                status = next
                reached.insert(status.phase)
            }
        }
        return reached
    }

    private var foreignCondition: Condition {
        Condition(
            type: "example.com/Healthy", status: .true, observedGeneration: 1, lastTransitionTime: Self.start,
            reason: "Probe", message: "written by another controller")
    }

    @Test func `the same event twice updates an execution's status once`() { checkRepetition(Self.execution) }

    @Test func `the same event twice updates an environment's status once`() { checkRepetition(Self.environment) }

    private func checkRepetition<Status: KindStatus, Event>(_ kind: Kind<Status, Event>) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        var status = kind.initial
        for step in 0..<2000 {
            if status.phase.isTerminal { status = kind.initial }
            let event = kind.event(&generator)
            let now = Self.start + .seconds(step)
            status = kind.after(status, [event], 1, now) ?? status
            #expect(kind.after(status, [event], 1, now + .seconds(5)) == nil, "seed \(seed), step \(step), \(event)")
        }
    }

    @Test func `the patches of an execution build every status`() throws { try checkPatches(Self.execution) }

    @Test func `the patches of an environment build every status`() throws { try checkPatches(Self.environment) }

    /// Merging each patch into the stored status gives what a single patch from the initial status gives.
    private func checkPatches<Status: KindStatus, Event>(_ kind: Kind<Status, Event>) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        for sequence in 0..<300 {
            var status = kind.initial
            var stored: JSONValue = [:]
            var now = Self.start
            for step in 0..<12 {
                now = generator.time(after: now)
                guard let next = kind.after(status, [kind.event(&generator)], 1, now) else { continue }
                stored = stored.merging(try patch(from: status, to: next))
                let whole = JSONValue.object([:]).merging(try patch(from: kind.initial, to: next))
                #expect(stored == whole, "seed \(seed), sequence \(sequence), step \(step)")
                status = next
            }
        }
    }

    private func patch<Status: KindStatus>(from old: Status, to new: Status) throws -> JSONValue {
        let patch = StatusPatch(uid: "u1", resourceVersion: ResourceVersion("7"), from: old, to: new)
        return try #require(JSONValue(parsing: patch.body)["status"])
    }

    @Test func `the checker finds every broken rule`() throws {
        let now = Self.start
        let started = try #require(
            ExecutionStatus().after(.observed(Observation(reason: .executing, engine: .argo)), generation: 1, now: now))
        let old = try #require(
            started.after(
                .observed(Observation(reason: .succeeded, engine: .argo)), generation: 1, now: now + .seconds(92)))
        #expect(old.duration == "1m32s")
        func violations(_ change: (inout ExecutionStatus) -> Void) -> [String] {
            var new = old
            new.updatedAt = now + .seconds(93)
            change(&new)
            return ExecutionRules.violations(from: old, to: new, generation: 1, now: now + .seconds(93))
        }
        #expect(violations { $0.progress = "1/1" } == [])
        #expect(violations { _ in }.contains("something else changed too"))
        #expect(violations { $0.updatedAt = old.updatedAt }.contains("updatedAt moves"))
        #expect(violations { $0.startedAt = now + .seconds(1) }.contains("startedAt is immutable"))
        #expect(violations { $0.finishedAt = now + .seconds(1) }.contains("finishedAt is immutable"))
        #expect(violations { $0.finishedAt = now - .seconds(1) }.contains("finishedAt is not before startedAt"))
        #expect(violations { $0.duration = nil }.contains("duration is immutable after the end"))
        #expect(violations { $0.duration = "92s" }.contains("duration is finishedAt - startedAt"))
        #expect(violations { $0.phase = .failed }.contains("a terminal phase is final"))
        #expect(violations { $0.outcome = .failed }.contains("the outcome is final"))
        #expect(violations { $0.outcome = nil }.contains("an outcome comes with a terminal phase"))
        #expect(violations { $0.observedGeneration = 2 }.contains("observedGeneration is the generation"))
        #expect(violations { $0.conditions = [] }.count == 3)
        #expect(violations { $0.message = String(repeating: "x", count: 1025) }.contains("message has 1025 bytes"))
        #expect(
            violations { $0.conditions[0].lastTransitionTime = now + .seconds(9) }
                == ["Succeeded moved without a change"])
    }
}
