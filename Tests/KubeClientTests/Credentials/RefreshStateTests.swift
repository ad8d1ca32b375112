import Testing

@testable import KubeClient

@Suite final class RefreshStateTests {
    private let start = Timestamp(seconds: 1_000_000)
    private var state = RefreshState<String>(settlingTime: .seconds(10))

    private func ask(_ waiter: UInt64, refresh: Bool = false, at now: Timestamp) -> String {
        switch state.request(waiter, refresh: refresh, now: now) {
        case .value(let value): value
        case .failure: "failure"
        case .wait(startsLoad: true): "load"
        case .wait(startsLoad: false): "wait"
        }
    }

    private func loaded(
        _ value: String, refreshAt: Timestamp? = nil, usableUntil: Timestamp? = nil
    ) -> Result<RefreshState<String>.Loaded, CredentialError> {
        .success(.init(value: value, refreshAt: refreshAt, usableUntil: usableUntil))
    }

    private let broken: Result<RefreshState<String>.Loaded, CredentialError> = .failure(.unavailable("broken"))

    @Test func oneLoadServesAllThatWait() {
        #expect(ask(1, at: start) == "load")
        #expect(ask(2, at: start) == "wait")
        #expect(ask(3, refresh: true, at: start) == "wait")
        let abandoned = [state.abandon(2), state.abandon(2)]
        #expect(abandoned == [true, false])
        let answers = state.finish(loaded("a"), now: start)
        #expect(Set(answers.map(\.waiter)) == [1, 3])
        #expect(answers.allSatisfy { $0.answer == .success("a") })
        #expect(ask(4, at: start + .seconds(1_000_000)) == "a")
    }

    @Test func anAgedValueIsLoadedAnewWhileItStillServes() {
        _ = ask(1, at: start)
        let due = start + .seconds(60)
        _ = state.finish(loaded("a", refreshAt: due, usableUntil: due + .seconds(5)), now: start)
        #expect(ask(2, at: due - .seconds(1)) == "a")
        #expect(ask(3, at: due) == "load")
        #expect(ask(4, at: due) == "a")
        let answer = state.finish(broken, now: due).first?.answer
        #expect(answer == .success("a"))
        #expect(ask(5, at: due) == "a")
        #expect(ask(6, at: due + .seconds(3)) == "load")
        #expect(ask(7, at: due + .seconds(5)) == "wait")
        for answer in state.finish(broken, now: due + .seconds(6)) {
            #expect(answer.answer == .failure(.unavailable("broken")))
        }
    }

    @Test func aRejectedValueIsLoadedOnceForAll() {
        _ = ask(1, at: start)
        _ = state.finish(loaded("a"), now: start)
        #expect(ask(2, refresh: true, at: start + .seconds(9)) == "a")
        #expect(ask(3, refresh: true, at: start + .seconds(10)) == "load")
        #expect(ask(4, refresh: true, at: start + .seconds(10)) == "wait")
        let answers = state.finish(loaded("b"), now: start + .seconds(11))
        #expect(answers.count == 2)
        #expect(ask(5, refresh: true, at: start + .seconds(12)) == "b")
    }

    @Test func aRejectedValueDoesNotServeAgainWhenTheLoadFails() {
        _ = ask(1, at: start)
        _ = state.finish(loaded("a"), now: start)
        let later = start + .seconds(20)
        #expect(ask(2, refresh: true, at: later) == "load")
        let answer = state.finish(broken, now: later).first?.answer
        #expect(answer == .failure(.unavailable("broken")))
        #expect(ask(3, refresh: true, at: later) == "failure")
        #expect(ask(4, at: later) == "a")
    }

    @Test func aFailureIsRememberedForAMoment() {
        _ = ask(1, at: start)
        _ = state.finish(broken, now: start)
        #expect(ask(2, at: start + .seconds(1)) == "failure")
        #expect(ask(3, at: start + .seconds(2)) == "load")
    }

    @Test func aClockSetBackLoadsAnew() {
        _ = ask(1, at: start)
        _ = state.finish(loaded("a", refreshAt: start + .seconds(10)), now: start)
        #expect(ask(2, at: start - .seconds(3600)) == "load")
    }
}
