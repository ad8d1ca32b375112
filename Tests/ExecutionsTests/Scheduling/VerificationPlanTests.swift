import KubeClient
import TestSupport
import Testing

@testable import Executions

/// The plan against a server in virtual time, with any mix of runs and latencies.
@Suite struct VerificationPlanTests {
    private static let interval = Duration.seconds(10)

    /// An API server that answers after a while, and the plan that asks it.
    private struct Scene {
        var plan: VerificationPlan
        var random: SplitMix
        var now = ContinuousClock.now
        /// Every stored run: the unfinished ones, and those that have ended and are only listed.
        var stored: Set<ObjectKey> = []
        var unfinished: [ObjectKey] = []
        /// Reads of these are never answered.
        var hanging: Set<ObjectKey> = []
        /// Milliseconds of one request.
        var latency = 1...5
        /// One of this many runs has a version that the cache lacks; 0 for none.
        var oneBehindOf = 0
        var answers: [(at: ContinuousClock.Instant, ticket: VerificationPlan.Ticket)] = []
        var findings: [VerificationPlan.Finding] = []
        var sent: [VerificationPlan.Request] = []
        var oldest = Duration.zero
        /// The largest list of runs to read.
        var mostUnread = 0
        /// Answers a page instead of the server.
        var answerPage: (String?) -> VerificationPlan.Answer? = { _ in nil }

        init(_ pace: VerificationPace = VerificationPace(interval: interval), seed: UInt64 = 1) {
            plan = VerificationPlan(pace: pace)
            random = SplitMix(seed: seed)
            plan.start(now)
        }

        static func isRead(_ request: VerificationPlan.Request) -> Bool {
            if case .metadata = request { true } else { false }
        }

        static func run(_ number: Int) -> ObjectKey { ObjectKey(namespace: "n\(number % 7)", name: "run-\(number)") }

        mutating func track(_ number: Int) {
            let run = Self.run(number)
            guard stored.insert(run).inserted || !unfinished.contains(run) else { return }
            unfinished.append(run)
            _ = plan.track(run, of: ObjectKey(namespace: run.namespace, name: "execution-\(number)"), now)
        }

        mutating func finishOne() {
            guard let index = unfinished.indices.randomElement(using: &random) else { return }
            plan.untrack(unfinished.remove(at: index))
        }

        /// Lets time pass, and notes the oldest age there was.
        mutating func play(for duration: Duration) {
            let end = now.advanced(by: duration)
            while true {
                mostUnread = max(mostUnread, plan.unreadPlaces)
                switch plan.next(now, stored: stored.count) {
                case .send(let ticket):
                    sent.append(ticket.request)
                    let time = isHanging(ticket.request) ? ticket.bound : random.milliseconds(latency)
                    answers.append((now.advanced(by: min(time, ticket.bound)), ticket))
                case .wait(let until):
                    let index = answers.indices.min { answers[$0].at < answers[$1].at }
                    let next = min(until, index.map { answers[$0].at } ?? until, end)
                    now = max(now, next)
                    oldest = max(oldest, plan.oldestAge(now))
                    if now >= end { return }
                    guard let index, answers[index].at <= now else { continue }
                    let ticket = answers.remove(at: index).ticket
                    findings += plan.receive(answer(ticket), for: ticket, now)
                }
            }
        }

        private func isHanging(_ request: VerificationPlan.Request) -> Bool {
            if case .metadata(let run) = request { hanging.contains(run) } else { false }
        }

        private mutating func answer(_ ticket: VerificationPlan.Ticket) -> VerificationPlan.Answer {
            if isHanging(ticket.request) { return .failed(.tooMuch) }
            switch ticket.request {
            case .metadata(let run): return stored.contains(run) ? .sighted(sighting()) : .missing
            case .run(let run, _): return stored.contains(run) ? .read : .missing
            case .page(let token, let limit):
                if let answer = answerPage(token) { return answer }
                let all = stored.sorted()
                let start = token.flatMap { Int($0) } ?? 0
                let end = min(start + limit, all.count)
                var page: [ObjectKey: VerificationPlan.Sighting] = [:]
                for run in all[min(start, end)..<end] { page[run] = sighting() }
                return .page(page, next: end < all.count ? "\(end)" : nil, isWhole: true)
            }
        }

        private mutating func sighting() -> VerificationPlan.Sighting {
            oneBehindOf > 0 && random.below(oneBehindOf) == 0 ? .behind(ResourceVersion("9")) : .current
        }
    }

    /// The promise, and a bound of its price: at most twice the requests that it needs at least.
    @Test(arguments: 0..<40)
    func `every run is verified in time with any mix of answers`(number: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var scene = Scene(seed: seed)
        let unfinished = [0, 1, 5, 20, 99, 100, 101, 150, 400, 1200][scene.random.below(10)]
        let ended = [0, 0, 10, 1000][scene.random.below(4)]
        scene.latency = [1...5, 5...50, 20...250][scene.random.below(3)]
        scene.oneBehindOf = [0, 1, 30][scene.random.below(3)] * (unfinished > 100 ? 3 : 1)
        for number in 0..<ended { scene.stored.insert(Scene.run(1_000_000 + number)) }
        var next = 0
        for _ in 0..<unfinished {
            scene.track(next)
            next += 1
        }
        let slowest = Duration.milliseconds(scene.latency.upperBound)
        let most = unfinished + 60
        // A list takes its pages, and what is behind is read after it.
        let pages = (most + ended) / scene.plan.pace.pageSize + 1
        let behind = scene.oneBehindOf == 0 ? 0 : 2 * most / scene.oneBehindOf + 8
        let reads = most <= scene.plan.pace.highestReadLimit ? most : 0
        let requestTime = slowest * (pages + (behind + reads) / scene.plan.pace.concurrency + 3)
        for step in 0..<60 {
            scene.play(for: scene.random.milliseconds(1...3000))
            if step == 20 {
                // By now it is known how long requests take; at first, all of a round's may be late.
                let atFirst = Self.interval + requestTime + slowest * (most / scene.plan.pace.concurrency)
                #expect(scene.oldest <= atFirst, "seed \(seed): \(scene.oldest) at first")
                scene.oldest = .zero
            }
            if scene.random.below(2) == 0 {
                scene.track(next)
                next += 1
            }
            if scene.random.below(2) == 0 { scene.finishOne() }
        }
        let limit = Self.interval + requestTime
        #expect(scene.oldest <= limit, "seed \(seed): \(scene.oldest), \(unfinished) runs, \(scene.latency) ms")
        #expect(scene.findings.allSatisfy { $0.kind == .changed }, "seed \(seed)")
        scene.play(for: .seconds(100))
        let known = scene.sent.count
        scene.play(for: .seconds(100))
        let each = max(pages + 1, min(scene.plan.count, scene.plan.pace.highestReadLimit))
        let price = each * 21 + (scene.oneBehindOf == 0 ? 0 : most * 21)
        #expect(scene.sent.count - known <= price, "seed \(seed)")
        #expect(scene.plan.count == scene.unfinished.count)
    }

    /// All runs change faster than they can be read.
    @Test func `the list of runs to read is bounded while it never drains`() {
        var scene = Scene()
        scene.oneBehindOf = 1
        scene.latency = 300...400
        for number in 0..<400 { scene.track(number) }
        scene.play(for: .seconds(100))
        let reads = scene.sent.count { if case .run = $0 { true } else { false } }
        #expect(reads > 4 * 400, "\(reads)")
        #expect((200...2 * 400 + 64).contains(scene.mostUnread), "\(scene.mostUnread)")
    }

    @Test func `nothing is asked about nothing`() {
        var scene = Scene()
        scene.play(for: .seconds(100))
        #expect(scene.sent.isEmpty)
        #expect(scene.oldest == .zero)
    }

    @Test func `before the start nothing is asked, no age is shown, and then all is asked`() {
        var plan = VerificationPlan(pace: VerificationPace(interval: Self.interval))
        let now = ContinuousClock.now
        _ = plan.track(Scene.run(1), of: Scene.run(2), now)
        let later = now.advanced(by: .seconds(100))
        #expect(plan.oldestAge(later) == .zero)
        guard case .wait = plan.next(later) else {
            Issue.record("it asks")
            return
        }
        plan.start(later)
        #expect(plan.oldestAge(later.advanced(by: .seconds(3))) == .seconds(3))
        guard case .send = plan.next(later) else {
            Issue.record("it waits")
            return
        }
    }

    @Test func `few runs are read by name and many are listed`() {
        var scene = Scene()
        for number in 0..<100 { scene.track(number) }
        scene.play(for: .seconds(30))
        #expect(scene.sent.allSatisfy(Scene.isRead))
        scene.play(for: .seconds(1))
        scene.track(100)
        scene.sent = []
        scene.play(for: .seconds(30))
        #expect(!scene.sent.contains(where: Scene.isRead))
        #expect(scene.sent.count <= 5)
    }

    /// A list makes the API server look at every stored run.
    @Test func `more runs are read by name where very many are stored`() {
        var scene = Scene()
        for number in 0..<10_000 { scene.stored.insert(Scene.run(1_000_000 + number)) }
        for number in 0..<400 { scene.track(number) }
        scene.play(for: .seconds(60))
        scene.sent = []
        scene.oldest = .zero
        scene.play(for: .seconds(30))
        #expect(scene.sent.allSatisfy(Scene.isRead))
        #expect(scene.oldest <= Self.interval)
        for number in 400..<800 { scene.track(number) }
        scene.sent = []
        scene.play(for: .seconds(30))
        #expect(!scene.sent.contains(where: Scene.isRead))
    }

    @Test func `slow reads give way to a list`() {
        var scene = Scene()
        for number in 0..<10_000 { scene.stored.insert(Scene.run(1_000_000 + number)) }
        for number in 0..<400 { scene.track(number) }
        scene.latency = 300...400
        scene.play(for: .seconds(60))
        scene.sent = []
        scene.play(for: .seconds(30))
        #expect(!scene.sent.contains(where: Scene.isRead))
    }

    @Test func `no more requests are under way than allowed`() {
        var scene = Scene()
        for number in 0..<100 { scene.track(number) }
        scene.play(for: .seconds(8))
        var underWay = 0
        let now = scene.now.advanced(by: .seconds(100))
        while case .send = scene.plan.next(now) { underWay += 1 }
        #expect(underWay == 8)
    }

    @Test func `reads that hang are given up and hold up no other run`() {
        var scene = Scene()
        for number in 0..<50 { scene.track(number) }
        scene.hanging = Set((0..<5).map(Scene.run))
        scene.play(for: .seconds(60))
        for run in scene.hanging { scene.plan.untrack(run) }
        #expect(scene.plan.oldestAge(scene.now) <= Self.interval + .milliseconds(100))
        let attempts = scene.sent.filter { $0 == .metadata(Scene.run(0)) }.count
        #expect((3...5).contains(attempts), "\(attempts)")
    }

    /// Even when every slot is taken by a request that hangs, the others get their turn.
    @Test func `more hanging reads than slots delay the others by the bound`() {
        var scene = Scene()
        for number in 0..<50 { scene.track(number) }
        scene.hanging = Set((0..<12).map(Scene.run))
        scene.play(for: .seconds(120))
        for run in scene.hanging { scene.plan.untrack(run) }
        #expect(scene.plan.oldestAge(scene.now) <= Self.interval + .seconds(31))
    }

    @Test func `a run that a read does not find is missing`() {
        var scene = Scene()
        scene.track(1)
        scene.stored = []
        scene.play(for: .seconds(11))
        #expect(scene.findings.map(\.kind) == [.missing])
        #expect(scene.findings.first?.execution == ObjectKey(namespace: "n1", name: "execution-1"))
        #expect(scene.findings.first?.run == Scene.run(1))
    }

    @Test func `a run is missing only after a complete list`() {
        var scene = Scene()
        for number in 0..<600 { scene.track(number) }
        scene.stored.remove(Scene.run(17))
        scene.answerPage = { $0 == "500" ? .failed(.other(retryAfter: nil)) : nil }
        scene.play(for: .seconds(20))
        #expect(scene.findings.isEmpty)
        scene.answerPage = { _ in nil }
        scene.play(for: .seconds(10))
        #expect(Set(scene.findings.map(\.run)) == [Scene.run(17)])
        #expect(scene.findings.allSatisfy { $0.kind == .missing })
    }

    @Test func `a list with an item without a name proves no absence`() {
        var scene = Scene()
        for number in 0..<200 { scene.track(number) }
        scene.answerPage = { _ in .page([:], next: nil, isWhole: false) }
        scene.play(for: .seconds(30))
        #expect(scene.findings.isEmpty)
        #expect(scene.plan.oldestAge(scene.now) > .seconds(29), "and none was verified")
    }

    @Test func `a run that came after the list began is not missing`() {
        var scene = Scene()
        for number in 0..<200 { scene.track(number) }
        scene.latency = 2000...2000
        scene.answerPage = { _ in .page([:], next: nil, isWhole: true) }
        scene.play(for: .seconds(8))
        #expect(scene.sent.count == 1)
        scene.track(500)
        scene.play(for: .seconds(2))
        #expect(scene.findings.count == 200)
        #expect(!scene.findings.contains { $0.run == Scene.run(500) })
    }

    @Test func `a list whose token expired begins again at once, and once only`() {
        var scene = Scene()
        for number in 0..<600 { scene.track(number) }
        scene.answerPage = { $0 == nil ? nil : .failed(.expired) }
        scene.play(for: .seconds(8))
        #expect(
            scene.sent == [
                .page(token: nil, limit: 500), .page(token: "500", limit: 500), .page(token: nil, limit: 500),
                .page(token: "500", limit: 500),
            ])
        scene.play(for: .seconds(60))
        #expect(scene.sent.count < 50, "there are pauses between the attempts")
        #expect(scene.findings.isEmpty)
        scene.answerPage = { _ in nil }
        scene.play(for: .seconds(10))
        #expect(scene.plan.oldestAge(scene.now) <= Self.interval)
    }

    @Test func `a server that repeats its token is given up`() {
        var scene = Scene()
        for number in 0..<600 { scene.track(number) }
        scene.answerPage = { _ in .page([:], next: "again", isWhole: true) }
        scene.play(for: .seconds(60))
        #expect(scene.sent.count < 50)
        #expect(scene.findings.isEmpty)
    }

    @Test func `the size of the objects limits the next page only`() {
        var scene = Scene()
        for number in 0..<600 { scene.track(number) }
        scene.answerPage = { $0 == nil ? .page([:], next: "a", isWhole: true, recommended: 7) : nil }
        scene.play(for: .seconds(9))
        #expect(scene.sent.prefix(2) == [.page(token: nil, limit: 500), .page(token: "a", limit: 7)])
    }

    @Test func `pages that are too much become smaller`() {
        var scene = Scene()
        for number in 0..<600 { scene.track(number) }
        scene.answerPage = { $0 == nil ? .failed(.tooMuch) : nil }
        scene.play(for: .seconds(9))
        #expect(scene.sent.prefix(2) == [.page(token: nil, limit: 500), .page(token: nil, limit: 125)])
        scene.play(for: .seconds(60))
        #expect(scene.sent.last == .page(token: nil, limit: 10))
    }

    @Test func `only a run whose version differs is read as a whole`() {
        var scene = Scene()
        scene.track(1)
        scene.track(2)
        var sightings = [Scene.run(1): VerificationPlan.Sighting.behind(ResourceVersion("9"))]
        let now = scene.now.advanced(by: .seconds(10))
        var whole: [VerificationPlan.Request] = []
        for _ in 0..<3 {
            guard case .send(let ticket) = scene.plan.next(now) else { continue }
            if case .metadata(let run) = ticket.request {
                _ = scene.plan.receive(.sighted(sightings.removeValue(forKey: run) ?? .current), for: ticket, now)
            } else {
                whole.append(ticket.request)
                let findings = scene.plan.receive(.read, for: ticket, now)
                #expect(findings.map(\.kind) == [.changed])
            }
        }
        #expect(whole == [.run(Scene.run(1), atLeast: ResourceVersion("9"))])
    }

    @Test func `a lost end is found`() {
        var scene = Scene()
        for number in 0..<200 { scene.track(number) }
        scene.answerPage = { _ in
            .page(
                Dictionary(uniqueKeysWithValues: (0..<200).map { (Scene.run($0), $0 == 3 ? .ended : .current) }),
                next: nil, isWhole: true)
        }
        scene.play(for: .seconds(11))
        #expect(
            Set(scene.findings) == [
                VerificationPlan.Finding(
                    kind: .ended, run: Scene.run(3), execution: ObjectKey(namespace: "n3", name: "execution-3"))
            ])
    }

    @Test func `a missing engine is asked for now and then, and its runs grow old`() {
        var scene = Scene()
        for number in 0..<20 { scene.track(number) }
        let now = scene.now.advanced(by: .seconds(10))
        guard case .send(let ticket) = scene.plan.next(now) else {
            Issue.record("it does not ask")
            return
        }
        _ = scene.plan.receive(.failed(.notServed), for: ticket, now)
        let next = scene.plan.next(now)
        #expect(next == .wait(until: now.advanced(by: .seconds(5))))
        #expect(scene.plan.oldestAge(now) == .seconds(10))
    }

    @Test func `a server that asks for time gets it`() {
        var scene = Scene()
        scene.track(1)
        let now = scene.now.advanced(by: .seconds(10))
        guard case .send(let ticket) = scene.plan.next(now) else {
            Issue.record("it does not ask")
            return
        }
        _ = scene.plan.receive(.failed(.other(retryAfter: .seconds(7))), for: ticket, now)
        let next = scene.plan.next(now)
        #expect(next == .wait(until: now.advanced(by: .seconds(7))))
    }

    @Test func `an answer about a run that is forgotten says nothing`() {
        var scene = Scene()
        scene.track(1)
        let now = scene.now.advanced(by: .seconds(10))
        guard case .send(let ticket) = scene.plan.next(now) else {
            Issue.record("it does not ask")
            return
        }
        scene.plan.untrack(Scene.run(1))
        _ = scene.plan.track(Scene.run(1), of: Scene.run(1), now)
        let first = scene.plan.receive(.missing, for: ticket, now)
        let second = scene.plan.receive(.missing, for: ticket, now)
        #expect(first.isEmpty)
        #expect(second.isEmpty)
        scene.plan.untrack(Scene.run(1))
        #expect(scene.plan.count == 0)
    }

    @Test func `a run that must be asked for before the runner wakes ends its wait`() {
        var scene = Scene()
        scene.track(1)
        guard case .wait(let until) = scene.plan.next(scene.now) else {
            Issue.record("it asks")
            return
        }
        let known = scene.plan.track(Scene.run(1), of: Scene.run(1), scene.now)
        #expect(!known)
        var wakes = false
        for number in 2..<90 where scene.plan.track(Scene.run(number), of: Scene.run(number), scene.now) {
            wakes = true
        }
        #expect(wakes, "ninety reads have to begin earlier than one")
        guard case .wait(let earlier) = scene.plan.next(scene.now) else {
            Issue.record("it asks")
            return
        }
        #expect(earlier < until)
    }
}
