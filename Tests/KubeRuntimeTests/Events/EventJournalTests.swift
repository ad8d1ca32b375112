import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct EventJournalTests {
    @Test func `an event is sent once and forgotten after six minutes`() {
        var rehearsal = JournalRehearsal()
        #expect(rehearsal.next() == "rest")
        #expect(rehearsal.record(EventFixtures.event()) == .accepted)
        #expect(rehearsal.sendAll() == ["create RunCreated x1"])
        #expect(rehearsal.next() == "rest 360.0")
        rehearsal.pass(.seconds(360))
        #expect(rehearsal.next() == "rest")
        #expect(rehearsal.journal.entries.isEmpty)
        // Later it is a new event with a new name.
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.sendAll() == ["create RunCreated x1"])
    }

    @Test func `repetitions become a series that is sent at most once a minute`() {
        var rehearsal = JournalRehearsal()
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.sendAll() == ["create RunCreated x1"])
        rehearsal.pass(.seconds(1))
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.sendAll() == ["update RunCreated x2"])
        for _ in 0..<10 {
            rehearsal.pass(.seconds(5))
            rehearsal.record(EventFixtures.event())
        }
        #expect(rehearsal.next() == "rest 10.0")
        rehearsal.pass(.seconds(10))
        #expect(rehearsal.sendAll() == ["update RunCreated x12"])
        // Each repetition keeps the series alive.
        rehearsal.pass(.seconds(300))
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.sendAll() == ["update RunCreated x13"])
        rehearsal.pass(.seconds(300))
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.sendAll() == ["update RunCreated x14"])
    }

    @Test func `repetitions before an event is sent are part of its request`() {
        var rehearsal = JournalRehearsal()
        for _ in 0..<3 { rehearsal.record(EventFixtures.event()) }
        #expect(rehearsal.sendAll() == ["create RunCreated x3"])
    }

    @Test func `repetitions while an event is sent are sent next`() {
        var rehearsal = JournalRehearsal()
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.next() == "create RunCreated x1")
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.answer(.published) == .published)
        #expect(rehearsal.sendAll() == ["update RunCreated x2"])
    }

    @Test func `events that differ are not repetitions`() {
        var rehearsal = JournalRehearsal()
        rehearsal.record(EventFixtures.event())
        rehearsal.record(EventFixtures.event("RunAdopted"))
        rehearsal.record(EventFixtures.event(note: "Another note."))
        rehearsal.record(EventFixtures.event(object: "two"))
        rehearsal.record(EventFixtures.event(related: "run"))
        #expect(rehearsal.sendAll().count == 5)
    }

    @Test func `events are sent in order`() {
        var rehearsal = JournalRehearsal()
        let reasons = (0..<20).map { "Reason\($0)" }
        for reason in reasons { rehearsal.record(EventFixtures.event(reason)) }
        #expect(rehearsal.sendAll() == reasons.map { "create \($0) x1" })
    }

    @Test func `drops the newest events beyond the bounds`() {
        var rehearsal = JournalRehearsal { $0.waiting = 6 }
        for object in ["a", "b", "c"] { #expect(rehearsal.record(EventFixtures.event(object: object)) == .accepted) }
        #expect(rehearsal.record(EventFixtures.event(object: "d")) == .queueFull)
        // A repetition needs no space.
        #expect(rehearsal.record(EventFixtures.event(object: "a")) == .accepted)
        #expect(rehearsal.sendAll().count == 3)
        #expect(rehearsal.record(EventFixtures.event(object: "d")) == .accepted)
    }

    @Test func `keeps at most 1000 waiting events, half of them of one namespace`() {
        var rehearsal = JournalRehearsal()
        var accepted: [String: Int] = [:]
        for number in 0..<2_000 {
            for namespace in ["attacker", "other attacker", "third"] {
                let event = EventFixtures.event(object: "\(namespace)-\(number)", namespace: namespace)
                if rehearsal.record(event) == .accepted { accepted[namespace, default: 0] += 1 }
            }
        }
        #expect(accepted == ["attacker": 250, "other attacker": 250, "third": 250], "as many as they leave free")
        for number in 0..<25 {
            let event = EventFixtures.event(object: "victim-\(number)", namespace: "victim")
            #expect(rehearsal.record(event) == .accepted)
        }
        #expect(rehearsal.sendAll().count == 775)
        // Published events take no place of those that wait.
        for number in 0..<2_000 {
            let event = EventFixtures.event(object: "again-\(number)", namespace: "attacker")
            #expect((rehearsal.record(event) == .accepted) == (number < 500), "\(number)")
        }
        #expect(rehearsal.sendAll().count == 500)
        #expect(rehearsal.journal.entries.count == 1_000)
    }

    @Test func `lost and vanished events give their places back`() {
        var rehearsal = JournalRehearsal {
            $0.waiting = 2
            $0.attempts = 1
        }
        for number in 0..<10 {
            #expect(rehearsal.record(EventFixtures.event(object: "\(number)")) == .accepted)
            #expect(rehearsal.next() == "create RunCreated x1")
            #expect(rehearsal.answer(number % 2 == 0 ? .refused : .published) != .retried)
        }
        rehearsal.record(EventFixtures.event(object: "9"))
        #expect(rehearsal.next() == "update RunCreated x2")
        #expect(rehearsal.answer(.vanished) == .retried)
        #expect(rehearsal.record(EventFixtures.event(object: "next")) == .queueFull)
        #expect(rehearsal.sendAll() == ["create RunCreated x1"])
        #expect(rehearsal.record(EventFixtures.event(object: "next")) == .accepted)
    }

    @Test func `limits the events of one object`() {
        var rehearsal = JournalRehearsal()
        for index in 0..<25 {
            #expect(rehearsal.record(EventFixtures.event(note: "\(index)")) == .accepted)
        }
        #expect(rehearsal.record(EventFixtures.event(note: "one more")) == .objectLimit)
        #expect(rehearsal.record(EventFixtures.event(object: "two")) == .accepted)
        _ = rehearsal.sendAll()
        #expect(rehearsal.record(EventFixtures.event(note: "one more")) == .objectLimit)
        rehearsal.pass(.seconds(361))
        #expect(rehearsal.record(EventFixtures.event(note: "one more")) == .accepted)
    }

    @Test func `forgets the least recently seen event first`() {
        var rehearsal = JournalRehearsal { $0.remembered = 2 }
        for object in ["a", "b", "a", "c"] {
            rehearsal.record(EventFixtures.event(object: object))
            _ = rehearsal.sendAll()
            rehearsal.pass(.seconds(1))
        }
        #expect(rehearsal.journal.entries.count == 2)
        rehearsal.record(EventFixtures.event(object: "c"))
        #expect(rehearsal.sendAll() == ["update RunCreated x2"])
        rehearsal.record(EventFixtures.event(object: "b"))
        #expect(rehearsal.sendAll() == ["create RunCreated x1"])
    }

    @Test func `retries failures in order with growing pauses`() {
        var rehearsal = JournalRehearsal { $0.attempts = 3 }
        rehearsal.record(EventFixtures.event("First"))
        rehearsal.record(EventFixtures.event("Second"))
        #expect(rehearsal.next() == "create First x1")
        #expect(rehearsal.answer(.failed(retryAfter: nil)) == .retried)
        #expect(rehearsal.next() == "rest 0.25")
        rehearsal.pass(.milliseconds(250))
        #expect(rehearsal.next() == "create First x1")
        #expect(rehearsal.answer(.failed(retryAfter: .seconds(7))) == .retried)
        #expect(rehearsal.next() == "rest 7.0")
        rehearsal.pass(.seconds(7))
        #expect(rehearsal.next() == "create First x1")
        #expect(rehearsal.answer(.failed(retryAfter: nil)) == .lost(report: 1))
        #expect(rehearsal.next() == "create Second x1")
        #expect(rehearsal.answer(.failed(retryAfter: .seconds(86_400))) == .retried)
        #expect(rehearsal.next() == "rest 60.0")
    }

    @Test func `reports lost events at intervals`() {
        var rehearsal = JournalRehearsal()
        var reports: [Int?] = []
        for index in 0..<5 {
            rehearsal.record(EventFixtures.event(object: "\(index)"))
            _ = rehearsal.next()
            guard case .lost(let report) = rehearsal.answer(.refused) else { return #expect(Bool(false)) }
            reports.append(report)
            rehearsal.pass(.seconds(200))
        }
        #expect(reports == [1, nil, nil, 3, nil])
        #expect(rehearsal.journal.entries.isEmpty)
    }

    @Test func `a series whose object was deleted starts again`() throws {
        var rehearsal = JournalRehearsal()
        rehearsal.record(EventFixtures.event())
        guard case .create(let first) = rehearsal.journal.next(now: rehearsal.now) else { return #expect(Bool(false)) }
        _ = rehearsal.answer(.published)
        rehearsal.pass(.seconds(5))
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.next() == "update RunCreated x2")
        #expect(rehearsal.answer(.vanished) == .retried)
        guard case .create(let second) = rehearsal.journal.next(now: rehearsal.now) else { return #expect(Bool(false)) }
        #expect(second.key != first.key)
        #expect(second.count == 1)
        #expect(second.eventTime == first.eventTime + .seconds(5))
    }

    @Test func `a rejected update keeps the series`() {
        var rehearsal = JournalRehearsal()
        rehearsal.record(EventFixtures.event())
        _ = rehearsal.sendAll()
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.next() == "update RunCreated x2")
        #expect(rehearsal.answer(.refused) == .lost(report: 1))
        rehearsal.record(EventFixtures.event())
        #expect(rehearsal.next() == "rest 60.0")
    }

    @Test func `a closed journal sends what is left immediately and once`() {
        var rehearsal = JournalRehearsal()
        rehearsal.record(EventFixtures.event("Seen"))
        rehearsal.record(EventFixtures.event("Seen"))
        #expect(rehearsal.sendAll() == ["create Seen x2"])
        rehearsal.record(EventFixtures.event("Seen"))
        rehearsal.record(EventFixtures.event("New"))
        #expect(rehearsal.next() == "create New x1")
        #expect(rehearsal.answer(.failed(retryAfter: .seconds(30))) == .retried)
        rehearsal.journal.close()
        #expect(rehearsal.next() == "create New x1")
        #expect(rehearsal.answer(.failed(retryAfter: .seconds(30))) == .lost(report: 1))
        #expect(rehearsal.next() == "update Seen x3")
        #expect(rehearsal.answer(.published) == .published)
        #expect(rehearsal.next() == "end")
    }

    @Test(arguments: [
        (nil, false, EventJournal.Answer.published),
        (APIStatus(code: 409, reason: "AlreadyExists", message: ""), false, .published),
        (APIStatus(code: 403, reason: "Forbidden", message: "exceeded quota: events"), false, .refused),
        (APIStatus(code: 404, reason: "NotFound", message: ""), false, .refused),
        (APIStatus(code: 422, reason: "Invalid", message: ""), true, .refused),
        (APIStatus(code: 429, reason: "", message: "", retryAfterSeconds: 3), false, .failed(retryAfter: .seconds(3))),
        (APIStatus(code: 500, reason: "", message: ""), true, .failed(retryAfter: nil)),
    ])
    func `classifies responses`(_ status: APIStatus?, _ isUpdate: Bool, _ expected: EventJournal.Answer) {
        #expect(EventJournal.Answer(status.map { .status($0) }, toUpdate: isUpdate) == expected)
    }

    @Test func `only for an update a missing object means that it was deleted`() {
        var status = APIStatus(code: 404, reason: "NotFound", message: "")
        status.details.name = "one.1"
        #expect(EventJournal.Answer(.status(status), toUpdate: true) == .vanished)
        #expect(EventJournal.Answer(.status(status), toUpdate: false) == .refused)
        #expect(EventJournal.Answer(.undecodable("half an answer"), toUpdate: false) == .published)
        let lost = KubeError.transport(TransportError(.connectionLost, ""))
        #expect(EventJournal.Answer(lost, toUpdate: false) == .failed(retryAfter: nil))
    }
}
