import KubeClient
import TestSupport
import Testing

@testable import KubeRuntime

@Suite struct ReflectorMachineTests {
    typealias Machine = ReflectorMachine

    /// A machine with a clock that the test advances.
    struct Driver {
        var machine: Machine
        var now = ContinuousClock.now
        var chance = 0.5

        init(_ change: (inout ReflectorSettings) -> Void = { _ in }) {
            var settings = ReflectorSettings()
            change(&settings)
            machine = Machine(settings: settings)
        }

        mutating func feed(_ input: Machine.Input, after delay: Duration = .zero) -> Machine.Step {
            now = now.advanced(by: delay)
            let chance = chance
            return machine.step(input, now: now, random: { chance })
        }

        /// Lists one page and opens the watch.
        mutating func sync(at version: String = "10") {
            _ = feed(.start)
            _ = feed(.page(ResourceVersion(version), continueToken: nil))
            _ = feed(.opened)
        }
    }

    func refused(_ code: Int, _ reason: String = "", retryAfter: Int? = nil) -> KubeError {
        .status(APIStatus(code: code, reason: reason, message: "no", retryAfterSeconds: retryAfter))
    }

    let unreachable = KubeError.transport(TransportError(.unreachable, "refused"))
    let missing = KubeError.plainText(code: 404, body: "404 page not found", retryAfterSeconds: nil)

    @Test func `lists consistently in pages and watches from the first page's version`() {
        var driver = Driver()
        let first = driver.feed(.start)
        #expect(first.copy == .beginRelist(isConsistent: true))
        #expect(first.next == .list(.mostRecent, limit: 500, continueToken: nil))
        let second = driver.feed(.page(ResourceVersion("10"), continueToken: "token"))
        #expect(second.copy == nil)
        #expect(second.next == .list(.mostRecent, limit: 500, continueToken: "token"))
        let last = driver.feed(.page(ResourceVersion("10"), continueToken: nil))
        #expect(last.copy == .finishRelist(ResourceVersion("10")))
        #expect(last.next == .openWatch(.after(ResourceVersion("10")), timeout: .milliseconds(22_500)))
    }

    @Test func `gives up a list with endless pages`() {
        var driver = Driver()
        _ = driver.feed(.start)
        for page in 1..<ReflectorSettings().maximumPages {
            let step = driver.feed(.page(ResourceVersion("10"), continueToken: "token"))
            guard case .list = step.next else {
                Issue.record("page \(page): \(step.next)")
                return
            }
        }
        guard case .sleep = driver.feed(.page(ResourceVersion("10"), continueToken: "token")).next else {
            Issue.record("the list does not end")
            return
        }
        #expect(driver.feed(.woke).next == .list(.mostRecent, limit: 500, continueToken: nil))
    }

    @Test func `events and bookmarks only move the version forward`() {
        var driver = Driver()
        driver.sync()
        #expect(driver.feed(.signal(.object(ResourceVersion("12")))).copy == .observe(ResourceVersion("12")))
        #expect(driver.feed(.signal(.object(ResourceVersion("11")))).copy == nil)
        let bookmark = Machine.Signal.bookmark(ResourceVersion("40"), endsInitialEvents: false)
        #expect(driver.feed(.signal(bookmark)).copy == .observe(ResourceVersion("40")))
        let again = driver.feed(.ended, after: .seconds(22))
        #expect(again.next == .openWatch(.after(ResourceVersion("40")), timeout: .milliseconds(22_500)))
    }

    @Test(arguments: [0.0, 0.25, 0.999]) func `watch timeouts are spread over their range`(chance: Double) {
        var driver = Driver()
        driver.chance = chance
        _ = driver.feed(.start)
        guard case .openWatch(_, let timeout) = driver.feed(.page(ResourceVersion("1"), continueToken: nil)).next
        else { return #expect(Bool(false)) }
        #expect(timeout >= .seconds(20) && timeout <= .seconds(25))
    }

    @Test func `lists not older than the last version when it has expired`() {
        for input in [
            Machine.Input.failed(refused(410, "Expired")),
            .failed(.plainText(code: 410, body: "", retryAfterSeconds: nil)),
            .signal(.failed(APIStatus(code: 410, reason: "Gone", message: ""))),
        ] {
            var driver = Driver()
            driver.sync()
            let step = driver.feed(input)
            #expect(step.note == .relist(.expired))
            #expect(step.next == .list(.notOlderThan(ResourceVersion("10")), limit: 500, continueToken: nil))
        }
    }

    @Test func `backs off when versions expire repeatedly`() {
        var driver = Driver()
        driver.sync()
        _ = driver.feed(.failed(refused(410, "Expired")))
        var last = Duration.zero
        for _ in 0..<6 {
            _ = driver.feed(.page(ResourceVersion("10"), continueToken: nil))
            guard case .sleep(let delay) = driver.feed(.failed(refused(410, "Expired"))).next else {
                return #expect(Bool(false), "expected a pause")
            }
            #expect(delay > last || delay >= .seconds(10))
            last = delay
            _ = driver.feed(.woke)
        }
        #expect(last >= .seconds(10))
    }

    @Test func `drops a version that the server has not reached`() {
        var status = APIStatus(code: 504, reason: "Timeout", message: "Too large resource version: 10, current: 3")
        status.retryAfterSeconds = 1
        var driver = Driver()
        driver.sync()
        #expect(driver.feed(.signal(.failed(status))).next == .sleep(for: .seconds(1)))
        let step = driver.feed(.woke)
        #expect(step.copy == .beginRelist(isConsistent: true))
        #expect(step.next == .list(.mostRecent, limit: 500, continueToken: nil))
    }

    @Test func `obeys Retry-After without a new list`() {
        var driver = Driver()
        driver.sync()
        #expect(driver.feed(.failed(refused(429, "TooManyRequests", retryAfter: 17))).next == .sleep(for: .seconds(17)))
        #expect(driver.feed(.woke).next == .openWatch(.after(ResourceVersion("10")), timeout: .milliseconds(22_500)))
        #expect(driver.feed(.failed(refused(503, retryAfter: 9_999_999))).next == .sleep(for: .seconds(120)))
    }

    @Test func `watches an unreachable server again with growing pauses`() {
        var driver = Driver()
        driver.sync()
        var pauses: [Duration] = []
        for _ in 0..<8 {
            if case .sleep(let delay) = driver.feed(.failed(unreachable)).next { pauses.append(delay) }
            #expect(
                driver.feed(.woke).next == .openWatch(.after(ResourceVersion("10")), timeout: .milliseconds(22_500)))
        }
        #expect(pauses.first == .milliseconds(600))
        #expect(pauses.last == .milliseconds(11_250))
        _ = driver.feed(.opened)
        _ = driver.feed(.signal(.object(ResourceVersion("11"))))
        #expect(driver.feed(.failed(unreachable)).next == .sleep(for: .milliseconds(600)))
    }

    @Test func `list failures back off`() {
        var driver = Driver()
        var step = driver.feed(.start)
        for _ in 0..<7 {
            step = driver.feed(.failed(refused(500)))
            #expect(driver.feed(.woke).next == .list(.mostRecent, limit: 500, continueToken: nil))
        }
        #expect(step.next == .sleep(for: .milliseconds(11_250)))
    }

    @Test func `a watch that ends immediately is a failure`() {
        var driver = Driver()
        driver.sync()
        let step = driver.feed(.ended, after: .milliseconds(100))
        #expect(step.note == .shortWatch)
        #expect(step.next == .sleep(for: .milliseconds(600)))
        #expect(driver.feed(.woke).next == .list(.notOlderThan(ResourceVersion("10")), limit: 500, continueToken: nil))
    }

    @Test func `counts failures until a list or watch works`() {
        var driver = Driver()
        driver.sync()
        #expect(driver.machine.failuresInARow == 0)
        for count in 1...4 {
            _ = driver.feed(.failed(refused(403, "Forbidden")))
            #expect(driver.machine.failuresInARow == count)
            _ = driver.feed(.woke)
        }
        _ = driver.feed(.opened)
        _ = driver.feed(.signal(.bookmark(ResourceVersion("11"), endsInitialEvents: false)))
        #expect(driver.machine.failuresInARow == 0)
    }

    @Test func `an expired continue token starts the list again, once`() {
        var driver = Driver()
        _ = driver.feed(.start)
        _ = driver.feed(.page(ResourceVersion("10"), continueToken: "token"))
        let restart = driver.feed(.failed(refused(410, "Expired")))
        #expect(restart.copy == .beginRelist(isConsistent: true))
        #expect(restart.next == .list(.mostRecent, limit: 5_000, continueToken: nil))
        guard case .sleep = driver.feed(.failed(refused(410, "Expired"))).next else {
            return #expect(Bool(false), "expected a pause the second time")
        }
    }

    @Test func `the size of the objects limits the next page of a list only`() {
        var driver = Driver()
        _ = driver.feed(.start)
        for (recommended, limit) in [(20, 20), (1, 1), (0, 1), (1000, 500)] {
            let step = driver.feed(.page(ResourceVersion("10"), continueToken: "token", recommended: recommended))
            #expect(step.next == .list(.mostRecent, limit: limit, continueToken: "token"))
        }
    }

    @Test func `a page that is too large makes the next ones smaller`() {
        var driver = Driver()
        _ = driver.feed(.start)
        for limit in [125, 31, 7, 1, 1] {
            _ = driver.feed(.failed(.transport(TransportError(.tooLarge, "more than 64 MiB"))))
            #expect(driver.feed(.woke).next == .list(.mostRecent, limit: limit, continueToken: nil))
        }
        _ = driver.feed(.page(ResourceVersion("10"), continueToken: nil))
        _ = driver.feed(.failed(refused(410, "Expired")))
        #expect(driver.machine.pageSize == 1, "as the objects do not shrink")
    }

    @Test func `reports a missing type and checks for it every half minute`() {
        var driver = Driver()
        _ = driver.feed(.start)
        var delay = Duration.zero
        for _ in 0..<10 {
            let step = driver.feed(.failed(missing))
            #expect(step.copy == .markUnavailable("404: 404 page not found"))
            if case .sleep(let pause) = step.next { delay = pause }
            #expect(driver.feed(.woke).note == .relist(.probe))
        }
        #expect(delay >= .seconds(20) && delay <= .seconds(38))
        #expect(
            driver.feed(.page(ResourceVersion("3"), continueToken: nil)).copy == .finishRelist(ResourceVersion("3")))
    }

    @Test func `replaces a silent watch`() {
        var driver = Driver()
        _ = driver.feed(.start)
        _ = driver.feed(.page(ResourceVersion("10"), continueToken: nil))
        let opened = driver.feed(.opened)
        // The server must end the watch after 22.5 s; 5 s later it counts as dead.
        #expect(opened.next == .read(until: driver.now + .milliseconds(27_500)))
        let late = driver.feed(.signal(.object(ResourceVersion("11"))), after: .seconds(20))
        #expect(late.next == .read(until: driver.now + .milliseconds(7500)))
        let silent = driver.feed(.silent, after: .milliseconds(7500))
        #expect(silent.note == .silentWatch)
        #expect(silent.next == .openWatch(.after(ResourceVersion("11")), timeout: .milliseconds(22_500)))
    }

    @Test func `streams the initial list if configured`() {
        var driver = Driver { $0.synchronization = .streaming }
        let start = driver.feed(.start)
        #expect(start.next == .openWatch(.initialEvents(notOlderThan: nil), timeout: .seconds(300)))
        _ = driver.feed(.opened)
        #expect(driver.feed(.signal(.object(ResourceVersion("8")))).copy == nil)
        let end = Machine.Signal.bookmark(ResourceVersion("9"), endsInitialEvents: true)
        #expect(driver.feed(.signal(end)).copy == .finishRelist(ResourceVersion("9")))
        #expect(driver.feed(.signal(.object(ResourceVersion("12")))).copy == .observe(ResourceVersion("12")))
        let expired = driver.feed(.signal(.failed(APIStatus(code: 410, reason: "Expired", message: ""))))
        #expect(expired.next == .openWatch(.initialEvents(notOlderThan: ResourceVersion("12")), timeout: .seconds(300)))
    }

    @Test(arguments: [400, 422]) func `remembers that streaming is not supported`(code: Int) {
        var driver = Driver { $0.synchronization = .streaming }
        _ = driver.feed(.start)
        let step = driver.feed(.failed(refused(code)))
        #expect(step.note == .streamingUnsupported)
        #expect(step.next == .list(.mostRecent, limit: 500, continueToken: nil))
        _ = driver.feed(.page(ResourceVersion("5"), continueToken: nil))
        #expect(
            driver.feed(.failed(refused(410))).next
                == .list(.notOlderThan(ResourceVersion("5")), limit: 500, continueToken: nil))
    }

    @Test func `lists in pages when a streamed list never ends`() {
        var driver = Driver { $0.synchronization = .streaming }
        _ = driver.feed(.start)
        #expect(driver.feed(.opened).next == .read(until: driver.now + .seconds(60)))
        let step = driver.feed(.silent, after: .seconds(60))
        #expect(step.note == .relist(.streamStalled))
        #expect(step.next == .list(.mostRecent, limit: 500, continueToken: nil))
    }

    @Test func `any input in any state makes progress without spinning`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        let inputs: [Machine.Input] = [
            .start, .page(ResourceVersion("5"), continueToken: nil), .page(ResourceVersion("5"), continueToken: "t"),
            .opened, .ended, .silent, .woke, .failed(missing), .failed(unreachable), .failed(refused(410)),
            .failed(refused(500)), .failed(.undecodable("x")), .signal(.object(ResourceVersion("7"))),
            .signal(.bookmark(ResourceVersion(""), endsInitialEvents: true)),
            .signal(.failed(APIStatus(code: 410, reason: "", message: ""))),
        ]
        for streams in [true, false] {
            var driver = Driver { $0.synchronization = streams ? .streaming : .pages }
            for _ in 0..<20_000 {
                guard let input = inputs.randomElement(using: &random) else { continue }
                driver.chance = Double.random(in: 0..<1, using: &random)
                if case .sleep(let delay) = driver.feed(input, after: .seconds(1)).next {
                    #expect(delay > .milliseconds(300) && delay < .seconds(121), "seed \(seed)")
                }
            }
        }
    }
}
