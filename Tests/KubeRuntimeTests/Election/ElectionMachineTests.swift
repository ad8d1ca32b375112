import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct ElectionMachineTests {
    typealias Machine = ElectionMachine
    static let start = ContinuousClock.now

    /// An instant, in seconds since the start.
    static func at(_ seconds: Double) -> ContinuousClock.Instant {
        start + .milliseconds(Int((seconds * 1000).rounded()))
    }

    static func lease(
        _ holder: String, _ version: Int, preferred: String? = nil, uid: String = "u", seconds: Int64 = 15
    ) -> Lease {
        var object: JSONValue = [
            "metadata": [
                "namespace": "ns", "name": "op", "uid": .string(uid), "resourceVersion": .string("\(version)"),
            ],
            "spec": [
                "holderIdentity": .string(holder), "leaseDurationSeconds": .integer(seconds), "leaseTransitions": 3,
            ],
        ]
        if let preferred { object[path: ["spec", "preferredHolder"]] = .string(preferred) }
        return Lease(object)
    }

    /// A machine after these events at these times, and its last step.
    func fed(_ events: [(Double, Machine.Event)]) -> (Machine, Machine.Step) {
        var machine = Machine(identity: "me", timing: .default)
        var step = Machine.Step(next: .wait(until: Self.start))
        for (time, event) in events { step = machine.step(event, now: Self.at(time), random: 0.5) }
        return (machine, step)
    }

    /// The events that make a leader whose claim was sent at 0 and answered at 1.
    static let leading: [(Double, Machine.Event)] = [
        (0, .start), (0, .absent), (1, .wrote(lease("me", 1))),
    ]

    @Test func `creates a missing lease and trusts it from when the claim was sent`() {
        #expect(fed([(0, .start)]).1.next == .read(timeout: .seconds(5)))
        #expect(fed([(0, .start), (0, .absent)]).1.next == .write(.acquire, on: nil, timeout: .seconds(5)))
        let step = fed(Self.leading).1
        #expect(step.effect == .lead(.init(validUntil: Self.at(10), soleUntil: Self.at(15))))
        #expect(step.next == .wait(until: Self.at(3)))
    }

    @Test func `claims a held lease that did not change for its whole duration`() {
        let held = Self.lease("other", 7)
        let (_, waiting) = fed([(0, .start), (1, .read(held))])
        #expect(waiting.next == .wait(until: Self.at(1 + 2 * 1.6)))
        // Reading the same version again does not extend the claim; the polling ends with the claim.
        #expect(
            fed([(0, .start), (1, .read(held)), (14, .woke), (14, .read(held))]).1.next == .wait(until: Self.at(16)))
        let claim = fed([(0, .start), (1, .read(held)), (14, .woke), (14, .read(held)), (16, .woke)]).1
        #expect(claim.next == .write(.acquire, on: held, timeout: .seconds(5)))
        // Any change of the lease extends the claim.
        let renewed = fed([(0, .start), (1, .read(held)), (14, .changed(Self.lease("other", 8))), (16, .woke)]).1
        #expect(renewed.next == .read(timeout: .seconds(5)))
    }

    @Test func `a late event does not extend the holder's claim`() {
        let held = Self.lease("other", 7)
        let step = fed([(0, .start), (1, .read(held)), (15.9, .changed(Self.lease("other", 6))), (16, .woke)]).1
        #expect(step.next == .write(.acquire, on: held, timeout: .seconds(5)))
    }

    @Test func `claims a released lease immediately`() {
        let free = Self.lease("", 8)
        let step = fed([(0, .start), (1, .read(Self.lease("other", 7))), (2, .changed(free))]).1
        #expect(step.next == .write(.acquire, on: free, timeout: .seconds(5)))
    }

    @Test func `a deleted lease is free only after its holder's claim has expired`() {
        let held = Self.lease("other", 7)
        let (_, step) = fed([(0, .start), (1, .read(held)), (15, .deleted)])
        #expect(step.next == .wait(until: Self.at(16)))
        let claim = fed([(0, .start), (1, .read(held)), (15, .deleted), (16, .woke)]).1
        #expect(claim.next == .write(.acquire, on: nil, timeout: .seconds(5)))
    }

    @Test func `a response that is too late makes no leader`() {
        let step = fed([(0, .start), (0, .absent), (10, .wrote(Self.lease("me", 1)))]).1
        #expect(step.effect == nil)
        #expect(step.next == .wait(until: Self.at(13.2)))
    }

    @Test func `renewals extend the trust`() {
        let step = fed(Self.leading + [(3, .woke), (4, .wrote(Self.lease("me", 2)))]).1
        #expect(step.effect == .extend(.init(validUntil: Self.at(13), soleUntil: Self.at(18))))
        #expect(step.next == .wait(until: Self.at(6)))
    }

    @Test func `retries failed renewals until the deadline only`() {
        let failing = Self.leading + [(3, .woke), (8, .failed)]
        #expect(fed(failing).1.next == .wait(until: Self.at(10)))
        #expect(fed(Self.leading + [(3, .woke), (4, .failed)]).1.next == .wait(until: Self.at(6)))
        #expect(
            fed(Self.leading + [(9, .woke)]).1.next == .write(.renew, on: Self.lease("me", 1), timeout: .seconds(1)))
        #expect(fed(failing + [(10, .woke)]).1.next == .end(.lost(.expired)))
    }

    @Test func `reads the lease after a conflict`() {
        let refused = Self.leading + [(3, .woke), (3, .refused)]
        #expect(fed(refused).1.next == .read(timeout: .seconds(5)))
        #expect(fed(refused + [(3, .read(Self.lease("other", 2)))]).1.next == .end(.lost(.taken(by: "other"))))
        // The response to an earlier renewal was lost.
        let own = Self.lease("me", 2)
        #expect(fed(refused + [(3, .read(own))]).1.next == .write(.renew, on: own, timeout: .seconds(5)))
        // Another client keeps writing into the lease: no request storm.
        let again = refused + [(3, .read(own)), (3, .refused), (3, .read(Self.lease("me", 3)))]
        #expect(fed(again).1.next == .wait(until: Self.at(5)))
    }

    @Test func `the watch ends lost leadership immediately`() {
        #expect(
            fed(Self.leading + [(2, .changed(Self.lease("other", 2)))]).1.next == .end(.lost(.taken(by: "other"))))
        #expect(fed(Self.leading + [(2, .changed(Self.lease("me", 1)))]).1.next == .wait(until: Self.at(3)))
        #expect(
            fed(Self.leading + [(2, .deleted)]).1.next == .write(.renew, on: nil, timeout: .seconds(5)))
    }

    @Test func `releases the lease for the preferred holder after the work has ended`() {
        let asked = Self.lease("me", 2, preferred: "other")
        let yielding = Self.leading + [(2, .changed(asked))]
        #expect(fed(yielding).1 == .init(effect: .stepDown(for: "other"), next: .wait(until: Self.at(10))))
        let release = yielding + [(4, .workEnded)]
        #expect(fed(release).1.next == .write(.release, on: asked, timeout: .seconds(2)))
        #expect(
            fed(release + [(4, .wrote(Self.lease("", 3)))]).1.next == .end(.lost(.steppedDown(for: "other"))))
        #expect(fed(yielding + [(10, .woke)]).1.next == .end(.lost(.expired)), "it is no longer renewed")
        #expect(fed(Self.leading + [(2, .changed(Self.lease("me", 2, preferred: "me")))]).1.effect == nil)
    }

    @Test func `releases the lease after the work has ended`() {
        let stopping = Self.leading + [(2, .stop)]
        #expect(fed(stopping).1.next == .wait(until: Self.at(3)), "it is renewed until the work has ended")
        let release = stopping + [(2.5, .workEnded)]
        let next = ElectionMachine.Next.write(.release, on: Self.lease("me", 1), timeout: .seconds(2))
        #expect(fed(release).1 == .init(effect: .resign, next: next))
        #expect(fed(release + [(2.6, .wrote(Self.lease("", 2)))]).1.next == .end(.stopped))
        #expect(fed(release + [(2.6, .failed)]).1.next == .wait(until: Self.at(2.8)))
        #expect(fed(release + [(4.5, .failed)]).1.next == .end(.stopped), "the release has a time limit")
        let refused = release + [(2.6, .refused)]
        #expect(fed(refused + [(2.6, .read(Self.lease("other", 3)))]).1.next == .end(.stopped))
    }

    @Test func `a candidate stops immediately`() {
        #expect(fed([(0, .start), (1, .read(Self.lease("other", 7))), (2, .stop)]).1.next == .end(.stopped))
    }

    @Test(arguments: [ElectionMachine.Event.refused, .failed])
    func `reads the lease after a claim that did not succeed`(_ event: ElectionMachine.Event) {
        let step = fed([(0, .start), (0, .absent), (1, event), (5, .woke)]).1
        #expect(step.next == .read(timeout: .seconds(5)))
    }

    @Test func `claims nothing before the lease was read`() {
        let step = fed([(0, .start), (1, .failed), (5, .woke)]).1
        #expect(step.next == .read(timeout: .seconds(5)))
    }
}
