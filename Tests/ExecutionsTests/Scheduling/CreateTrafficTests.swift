import KubeClient
import KubeRuntime
import TestSupport
import Testing
import TowlineAPI

@testable import Executions

@Suite struct CreateTrafficTests {
    private let start = ContinuousClock.now
    private let payments = CreateTraffic.Lane(engine: .tekton, namespace: "payments")
    private let orders = CreateTraffic.Lane(engine: .tekton, namespace: "orders")

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private func run(_ number: Int, _ lane: CreateTraffic.Lane) -> ObjectKey {
        ObjectKey(namespace: lane.namespace, name: "\(lane.engine)-\(number)")
    }

    @Test func `a lane opens up while its creates are quick`() {
        var traffic = CreateTraffic(workers: 8)
        #expect(traffic.enter(run(0, payments), payments, now: start) == .send)
        for number in 1..<9 {
            #expect(traffic.enter(run(number, payments), payments, now: start).waited == Duration.zero)
        }
        #expect(traffic.end(run(0, payments), now: at(0.1)) == [run(1, payments), run(2, payments)])
        for number in 1...2 { #expect(traffic.enter(run(number, payments), payments, now: at(0.1)) == .send) }
        #expect(traffic.end(run(1, payments), now: at(0.2)) == [run(3, payments), run(4, payments)])
        for number in 3...4 { #expect(traffic.enter(run(number, payments), payments, now: at(0.2)) == .send) }
        #expect(
            traffic.end(run(2, payments), now: at(0.3)) == [run(5, payments)],
            "a slow namespace has five workers: one is left for other things, and one for the other engine")
        #expect(traffic.waitingCount == 3)
    }

    @Test func `creates that begin to hang leave a place of their namespace to the other engine`() {
        for workers in 4...16 {
            let argo = CreateTraffic.Lane(engine: .argo, namespace: "payments")
            for (hanging, other) in [(payments, argo), (argo, payments)] {
                var traffic = CreateTraffic(workers: workers)
                for number in 0..<20 { _ = traffic.enter(run(number, hanging), hanging, now: start) }
                var called = [run(0, hanging)]
                for _ in 0..<6 {
                    called = called.flatMap { traffic.end($0, now: at(0.1)) }
                    for run in called { _ = traffic.enter(run, hanging, now: at(0.1)) }
                }
                #expect(traffic.enter(run(0, other), other, now: at(0.2)) == .send, "\(workers) workers")
            }
        }
    }

    @Test func `a create that hangs keeps no other lane waiting`() {
        var traffic = CreateTraffic(workers: 8)
        for number in 0..<30 { _ = traffic.enter(run(number, payments), payments, now: start) }
        #expect(traffic.inFlightCount == 1)
        #expect(traffic.enter(run(0, orders), orders, now: at(5)) == .send)
        #expect(traffic.enter(run(1, orders), orders, now: at(5)).waited == Duration.zero)
        #expect(traffic.end(run(0, orders), now: at(5.1)) == [run(1, orders)])
        #expect(traffic.enter(run(1, orders), orders, now: at(5.1)) == .send)
        let argo = CreateTraffic.Lane(engine: .argo, namespace: "payments")
        #expect(traffic.enter(run(0, argo), argo, now: at(5.1)) == .send, "the other engine may be well")
    }

    @Test func `a slow lane creates one at a time, in the order of arrival, until one is quick`() {
        var traffic = CreateTraffic(workers: 8)
        for number in 0..<5 { _ = traffic.enter(run(number, payments), payments, now: start) }
        var now = at(10)
        for number in 0..<3 {
            #expect(traffic.end(run(number, payments), now: now) == [run(number + 1, payments)])
            #expect(traffic.enter(run(number + 1, payments), payments, now: now) == .send)
            now += number == 2 ? .milliseconds(100) : .seconds(10)
        }
        _ = traffic.enter(run(5, payments), payments, now: now)
        #expect(traffic.end(run(3, payments), now: now) == [run(4, payments), run(5, payments)])
    }

    @Test func `slow lanes together leave places for the others`() {
        var traffic = CreateTraffic(workers: 4)
        let lanes = (0..<4).map { CreateTraffic.Lane(engine: .tekton, namespace: "slow-\($0)") }
        for lane in lanes.prefix(3) { #expect(traffic.enter(run(0, lane), lane, now: start) == .send) }
        #expect(traffic.enter(run(0, lanes[3]), lanes[3], now: start).waited == Duration.zero, "there are three places")
        for lane in lanes.prefix(3) { _ = traffic.enter(run(1, lane), lane, now: at(3)) }
        #expect(traffic.end(run(0, lanes[0]), now: at(10)) == [run(0, lanes[3])], "it is not known to be slow")
        #expect(traffic.enter(run(0, lanes[3]), lanes[3], now: at(10)) == .send)
        #expect(traffic.end(run(0, lanes[1]), now: at(12.5)) == [], "two that are slow are still under way")
        #expect(traffic.enter(run(0, payments), payments, now: at(12.5)) == .send)
    }

    @Test func `creates that hang leave a worker of their namespace to the ends of its runs`() {
        for workers in 1...16 {
            var traffic = CreateTraffic(workers: workers)
            let lanes = EngineName.allCases.map { CreateTraffic.Lane(engine: $0, namespace: "payments") }
            for number in 0..<20 { for lane in lanes { _ = traffic.enter(run(number, lane), lane, now: start) } }
            // They are quick for a while, so that the lanes open up, and then all of them hang.
            var now = start
            var called = lanes.map { run(0, $0) }.filter { _ in true }
            for _ in 0..<6 {
                now += .milliseconds(50)
                called = called.flatMap { traffic.end($0, now: now) }
                for run in called {
                    _ = traffic.enter(run, lanes.first { run.name.hasPrefix("\($0.engine)") } ?? lanes[0], now: now)
                }
            }
            let share = WorkShares(ofWorkers: workers).perSlowGroup
            #expect(traffic.inFlightCount >= 1 && traffic.inFlightCount <= max(1, share - 1), "\(workers) workers")
        }
    }

    @Test func `who is called keeps its place until it says otherwise`() {
        var traffic = CreateTraffic(workers: 4)
        for number in 0..<4 { _ = traffic.enter(run(number, payments), payments, now: start) }
        #expect(traffic.end(run(0, payments), now: at(5)) == [run(1, payments)])
        #expect(traffic.enter(run(9, payments), payments, now: at(5)).waited == Duration.zero)
        #expect(traffic.leave(run(1, payments), now: at(6)) == [run(2, payments)])
        #expect(traffic.leave(run(3, payments), now: at(6)) == [], "it only waited")
        #expect(traffic.forget(run(2, payments), now: at(6)) == [run(9, payments)])
    }

    @Test func `one that is called and never comes blocks neither its lane nor others`() {
        var traffic = CreateTraffic(workers: 2)
        for number in 0..<3 { _ = traffic.enter(run(number, payments), payments, now: start) }
        #expect(traffic.enter(run(0, orders), orders, now: start) == .send)
        #expect(traffic.enter(run(1, orders), orders, now: at(0.1)).waited == Duration.zero)
        #expect(traffic.end(run(0, payments), now: at(5)) == [], "the other slow one has the place of those")
        #expect(traffic.end(run(0, orders), now: at(5)) == [run(1, payments)])
        #expect(traffic.enter(run(2, payments), payments, now: at(34)).waited == Duration.seconds(34))
        #expect(traffic.enter(run(2, payments), payments, now: at(35)) == .send)
    }

    @Test func `a place is not kept for long for one that no worker has time for`() {
        var traffic = CreateTraffic(workers: 4)
        let lanes = (0..<3).map { CreateTraffic.Lane(engine: .tekton, namespace: "stuck-\($0)") }
        for lane in lanes { for number in 0..<2 { _ = traffic.enter(run(number, lane), lane, now: start) } }
        for lane in lanes { _ = traffic.end(run(0, lane), now: at(0.1)) }
        #expect(traffic.enter(run(0, payments), payments, now: at(0.2)).waited == Duration.zero)
        #expect(traffic.enter(run(0, payments), payments, now: at(1.2)) == .send)
        for lane in lanes.prefix(2) { #expect(traffic.enter(run(1, lane), lane, now: at(1.3)) == .send) }
        #expect(traffic.enter(run(1, lanes[2]), lanes[2], now: at(1.3)).waited == Duration.zero, "the places are taken")
        #expect(traffic.end(run(0, payments), now: at(1.4)) == [run(1, lanes[2])])
    }

    @Test func `a run is created at most so often in a minute`() {
        var traffic = CreateTraffic(workers: 4)
        var sent: [ContinuousClock.Instant] = []
        var now = start
        while now < at(300) {
            switch traffic.enter(run(0, payments), payments, now: now) {
            case .send:
                sent.append(now)
                _ = traffic.end(run(0, payments), now: now)
            case .pause(let pause):
                #expect(pause <= .seconds(7.5))
                now += pause
            case .wait: Issue.record("nothing else waits")
            }
        }
        for time in sent {
            #expect(sent.count { $0 >= time && $0 < time + .seconds(60) } <= Attempts.maximumPerMinute)
        }
        #expect(sent.count { $0 < at(5) } >= 5, "short trouble is over soon")
    }

    @Test func `lanes that were slow long ago are forgotten`() {
        var traffic = CreateTraffic(workers: 4)
        for number in 0..<2_000 {
            let lane = CreateTraffic.Lane(engine: .tekton, namespace: "n\(number)")
            let now = at(Double(number) * 10)
            #expect(traffic.enter(run(0, lane), lane, now: now) == .send)
            _ = traffic.end(run(0, lane), now: now + .seconds(5))
            _ = traffic.forget(run(0, lane), now: now + .seconds(5))
        }
        #expect(traffic.rememberedCount == 0)
        #expect(traffic.rememberedLanes <= 256)
    }

    @Test func `the time in line is known as own queueing`() {
        var traffic = CreateTraffic(workers: 4)
        for number in 0..<2 { _ = traffic.enter(run(number, payments), payments, now: start) }
        #expect(traffic.queueing(of: run(1, payments), now: at(7)) == .seconds(7))
        traffic.addQueueing(.seconds(3), of: run(1, payments))
        #expect(traffic.queueing(of: run(1, payments), now: at(7)) == .seconds(7), "it was in line at the same time")
        _ = traffic.end(run(0, payments), now: at(10))
        traffic.addQueueing(.seconds(3), of: run(1, payments))
        #expect(traffic.enter(run(1, payments), payments, now: at(13)) == .send)
        #expect(traffic.queueing(of: run(1, payments), now: at(99)) == .seconds(13))
        _ = traffic.forget(run(1, payments), now: at(99))
        #expect(traffic.queueing(of: run(1, payments), now: at(99)) == .zero)
    }

    /// Lanes whose creates hang, take long, or are quick; runs that come, leave and fail as they like.
    @Test(arguments: 0..<30) func `random histories strand no run and respect the places`(round: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        let workers = 2 + random.below(7)
        let places = max(2, workers - 1)
        var traffic = CreateTraffic(workers: workers)
        let lanes = (0..<6).map {
            CreateTraffic.Lane(engine: $0 % 2 == 0 ? .tekton : .argo, namespace: "namespace-\($0 / 2)")
        }
        /// How long a create of each lane takes, in milliseconds.
        let durations = lanes.map { _ in [20, 50, 500, 10_000][random.below(4)] }
        var now = start
        var underWay: [ObjectKey: (lane: Int, since: ContinuousClock.Instant, end: ContinuousClock.Instant)] = [:]
        var waiting: [ObjectKey: Int] = [:]
        var called: [ObjectKey: (lane: Int, at: ContinuousClock.Instant)] = [:]
        var number = 0
        var served = lanes.map { _ in 0 }
        func call(_ runs: [ObjectKey]) {
            for run in runs {
                guard let lane = waiting.removeValue(forKey: run) else {
                    Issue.record("\(run) did not wait, seed \(seed)")
                    continue
                }
                called[run] = (lane, now + .milliseconds(random.below(40)))
            }
        }
        func enter(_ run: ObjectKey, _ lane: Int) {
            switch traffic.enter(run, lanes[lane], now: now) {
            case .send:
                waiting[run] = nil
                let jitter = random.below(durations[lane] / 10 + 1)
                underWay[run] = (lane, now, now + .milliseconds(durations[lane] + jitter))
                served[lane] += 1
            case .wait: waiting[run] = lane
            case .pause: Issue.record("nothing is tried twice, seed \(seed)")
            }
        }
        // A thousand creates of half a second each, one at a time, take nearly all of the steps of 200 ms.
        for step in 0..<8_000 {
            let isOver = step > 3_000
            if isOver, waiting.isEmpty, underWay.isEmpty, called.isEmpty { break }
            if !isOver, random.below(3) == 0 {
                number += 1
                let lane = random.below(lanes.count)
                enter(run(number, lanes[lane]), lane)
            }
            if !isOver, random.below(20) == 0, let run = waiting.keys.sorted(by: { $0.name < $1.name }).first {
                waiting[run] = nil
                call(traffic.forget(run, now: now))
            }
            for (run, call) in called.sorted(by: { $0.key.name < $1.key.name }) where call.at <= now {
                called[run] = nil
                enter(run, call.lane)
                #expect(underWay[run] != nil, "who is called is let in, seed \(seed)")
            }
            for (run, create) in underWay.sorted(by: { $0.key.name < $1.key.name }) where create.end <= now {
                underWay[run] = nil
                call(traffic.end(run, now: now))
                call(traffic.forget(run, now: now))
            }
            // Wherever somebody waits, something is going to call it.
            let isStranded = !waiting.isEmpty && underWay.isEmpty && called.isEmpty
            if isStranded || underWay.count + called.count > places { Issue.record("step \(step), seed \(seed)") }
            let namespaces = Dictionary(grouping: underWay.values, by: { $0.lane / 2 })
            if namespaces.values.contains(where: { $0.count > max(1, workers / 2) }) {
                Issue.record("a namespace has too many creates at step \(step), seed \(seed)")
            }
            let engines = Dictionary(grouping: underWay.values, by: \.lane)
            if engines.values.contains(where: { $0.count > max(1, workers / 2 - 1) }) {
                Issue.record("an engine has too many creates in a namespace at step \(step), seed \(seed)")
            }
            now += .milliseconds(isOver ? 200 : 10)
        }
        #expect(waiting.count == traffic.waitingCount, "seed \(seed)")
        let isEveryLaneQuick = durations.allSatisfy { $0 < 2_000 }
        if isEveryLaneQuick { #expect(waiting.isEmpty, "seed \(seed)") }
        for run in Array(waiting.keys) + Array(underWay.keys) + Array(called.keys) {
            waiting[run] = nil
            call(traffic.end(run, now: now) + traffic.forget(run, now: now))
        }
        for run in called.keys { _ = traffic.forget(run, now: now) }
        #expect(traffic.rememberedCount == 0, "what is gone leaves no trace, seed \(seed)")
    }
}

extension CreateTraffic.Admission {
    /// How long it has waited for its turn; nil where it does not wait.
    fileprivate var waited: Duration? {
        if case .wait(let waited, _) = self { waited } else { nil }
    }
}
