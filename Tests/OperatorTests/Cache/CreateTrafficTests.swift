import KubeClient
import Testing

@testable import Operator

@Suite struct CreateTrafficTests {
    private let runs = (0..<4).map { ObjectKey(namespace: "payments", name: "run-\($0)") }
    private let start = ContinuousClock.now

    @Test func quickCreatesGoSideBySide() {
        var traffic = CreateTraffic()
        for run in runs { traffic.begin(run, at: start) }
        #expect(!traffic.isBlocked)
        traffic.end(runs[0], at: start + .seconds(1))
        #expect(!traffic.isBlocked)
    }

    @Test func slowOnesGoOneAtATimeUntilOneIsQuick() {
        var traffic = CreateTraffic()
        for run in runs.prefix(2) { traffic.begin(run, at: start) }
        traffic.end(runs[0], at: start + .seconds(10))
        #expect(traffic.isBlocked, "the other one is still under way")
        traffic.end(runs[1], at: start + .seconds(10))
        #expect(!traffic.isBlocked, "one may try")
        traffic.begin(runs[2], at: start + .seconds(15))
        #expect(traffic.isBlocked)
        traffic.end(runs[2], at: start + .seconds(16))
        #expect(!traffic.isBlocked)
        for run in runs { traffic.begin(run, at: start + .seconds(17)) }
        #expect(!traffic.isBlocked)
    }
}
