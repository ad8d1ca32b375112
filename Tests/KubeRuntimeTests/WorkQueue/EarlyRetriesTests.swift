import TestSupport
import Testing

@testable import KubeRuntime

@Suite struct RecoveryGroupsTests {
    typealias Groups = EarlyRetries<Int, String>

    let start = ContinuousClock.now

    func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    func makeGroups() -> Groups { Groups(limits: Groups.Limits(interval: .seconds(10))) }

    @Test func `a failed key is retried once per interval`() {
        var groups = makeGroups()
        groups.failed(1, in: "a", now: start)
        #expect(groups.nextWake == at(10))
        #expect(groups.wake(at(9.9)) == [])
        #expect(groups.wake(at(10)) == [1])
        #expect(groups.nextWake == nil, "the result of the retry is not known")
        groups.failed(1, in: "a", now: at(10.1))
        #expect(groups.wake(at(20)) == [])
        #expect(groups.wake(at(20.1)) == [1])
        groups.settled(1)
        #expect(groups.count == 0)
        #expect(groups.groupCount == 0)
    }

    @Test func `the members of a large group are retried one by one`() {
        var groups = makeGroups()
        for key in 0..<100 { groups.failed(key, in: "a", now: start) }
        var retried: [Int] = []
        for second in 1...40 {
            for key in groups.wake(at(Double(second))) {
                retried.append(key)
                groups.failed(key, in: "a", now: at(Double(second)))
            }
        }
        #expect(retried == Array(0..<retried.count), "first in, first out: a member that always fails hides no other")
        #expect((10...16).contains(retried.count), "four per interval: \(retried.count)")
    }

    @Test func `each success doubles the number of retries`() {
        var groups = makeGroups()
        for key in 0..<100 { groups.failed(key, in: "a", now: start) }
        var now = at(10)
        var waves: [Int] = []
        while groups.count > 0, waves.count < 20 {
            let wave = groups.wake(now)
            waves.append(wave.count)
            now += .milliseconds(100)
            for key in wave {
                groups.worked(key, in: "a", now: now)
                groups.settled(key)
            }
        }
        #expect(waves.prefix(5) == [1, 2, 4, 8, 16], "\(waves)")
        #expect(groups.count == 0)
        #expect(start.duration(to: now) < .seconds(12))
    }

    @Test func `a failure ends the doubling`() {
        var groups = makeGroups()
        for key in 0..<100 { groups.failed(key, in: "a", now: start) }
        #expect(groups.wake(at(10)) == [0])
        groups.worked(0, in: "a", now: at(10))
        #expect(groups.wake(at(10)) == [1, 2])
        for key in [1, 2] { groups.failed(key, in: "a", now: at(10.1)) }
        #expect(groups.wake(at(10.2)) == [])
    }

    @Test func `the success of another request causes one retry per interval`() {
        var groups = makeGroups()
        groups.failed(1, in: "a", now: start)
        var retried = 0
        for tenth in 1...600 {
            let now = at(Double(tenth) / 10)
            groups.worked(99, in: "a", now: now)
            groups.worked(98, in: "b", now: now)
            for key in groups.wake(now) {
                retried += 1
                groups.failed(key, in: "a", now: now)
            }
        }
        #expect((6...8).contains(retried), "\(retried) in a minute")
    }

    @Test func `a server that answers again causes one retry per group`() {
        var groups = makeGroups()
        for key in 0..<10 { groups.failed(key, in: key < 5 ? "a" : "b", now: start) }
        groups.serverReturned()
        #expect(Set(groups.wake(at(2))) == [0, 5])
        groups.worked(0, in: "a", now: at(2))
        #expect(groups.wake(at(2)) == [1, 2])
    }

    @Test func `a key is a member of the group of its last failure`() {
        var groups = makeGroups()
        groups.failed(1, in: "a", now: start)
        groups.failed(1, in: "b", now: at(1))
        #expect(groups.count == 1)
        #expect(groups.groupCount == 1)
        groups.worked(99, in: "a", now: at(3))
        #expect(groups.wake(at(3)) == [])
        groups.worked(99, in: "b", now: at(3))
        #expect(groups.wake(at(3)) == [1])
    }

    @Test func `thousands of waiting keys cause few requests per second`() {
        var groups = makeGroups()
        for key in 0..<10_000 { groups.failed(key, in: "\(key / 10)", now: start) }
        var retried: [Int: Int] = [:]
        for tenth in 1...600 {
            let now = at(Double(tenth) / 10)
            for key in groups.wake(now) {
                retried[tenth / 10, default: 0] += 1
                groups.failed(key, in: "\(key / 10)", now: now)
            }
        }
        #expect(retried.values.allSatisfy { $0 <= 65 }, "\(retried)")
        #expect((retried[50] ?? 0) >= 45)
    }

    /// Members join, recover, stay broken and leave in any order; groups break and recover.
    @Test(arguments: 0..<30) func `random histories find every recovery in time`(round: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        var groups = makeGroups()
        var now = start
        /// Until when a group is broken.
        var brokenUntil: [Int: ContinuousClock.Instant] = [:]
        /// The waiting members, and since when each of them could work.
        var members: [Int: Int] = [:]
        /// The members that never work; at most three of a group.
        var hopeless: Set<Int> = []
        var requests: [ContinuousClock.Instant] = []
        func attempt(_ key: Int) {
            guard let group = members[key] else {
                Issue.record("\(key) is not a member, seed \(seed)")
                return
            }
            requests.append(now)
            let works = !hopeless.contains(key) && (brokenUntil[group] ?? start) <= now
            guard works else { return groups.failed(key, in: "\(group)", now: now) }
            groups.worked(key, in: "\(group)", now: now)
            groups.settled(key)
            members[key] = nil
        }
        var next = 0
        for step in 0..<6_000 {
            now += .milliseconds(random.below(60))
            switch random.below(60) {
            case 0:
                let group = random.below(4)
                brokenUntil[group] = now + .seconds(random.below(60))
            case 1..<20:
                let group = random.below(4)
                guard let end = brokenUntil[group], end > now else { break }
                next += 1
                members[next] = group
                let count = hopeless.count { members[$0] == group }
                if count < 3, random.below(10) == 0 { hopeless.insert(next) }
                attempt(next)
            case 20:
                guard let key = members.keys.sorted().randomElement(using: &random) else { break }
                groups.settled(key)
                members[key] = nil
            default: break
            }
            for key in groups.wake(now) { attempt(key) }
            guard step % 50 == 0 else { continue }
            #expect(groups.count == members.count, "seed \(seed)")
            // One retry each 2.5 seconds, and three members that never work may come first.
            let sleeping = members.filter {
                !hopeless.contains($0.key) && now > (brokenUntil[$0.value] ?? start) + .seconds(20)
            }
            #expect(sleeping.isEmpty, "seed \(seed)")
        }
        let span = max(1, start.duration(to: now) / .seconds(1))
        #expect(Double(requests.count) / span < 260, "seed \(seed)")
        for key in members.keys { groups.settled(key) }
        #expect(groups.count == 0 && groups.groupCount == 0 && groups.nextWake == nil, "seed \(seed)")
    }
}
