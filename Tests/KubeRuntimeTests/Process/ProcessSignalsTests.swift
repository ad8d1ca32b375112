import Eventually
import Glibc
import KubeClient
import Testing

@testable import KubeRuntime

/// Uses signals that are harmless and not used elsewhere in this process.
@Suite(.serialized) struct TerminationSignalsTests {
    @Test func `the first signal stops gracefully and the second one exits`() async {
        let status = Locked<Int32?>(nil)
        let signals = TerminationSignals([SIGWINCH, SIGURG]) { code in status.withLock { $0 = code } }
        async let asked: Void = signals.wait()
        #expect(signals.received == nil)
        kill(getpid(), SIGWINCH)
        await asked
        #expect(signals.received == SIGWINCH)
        #expect(status.withLock { $0 } == nil)
        await signals.wait()
        kill(getpid(), SIGURG)
        await eventually("the process exits") { status.withLock { $0 } == 128 + SIGURG }
    }

    @Test(arguments: 0..<10) func `waiting ends on cancellation`(round: Int) async {
        let signals = TerminationSignals([]) { _ in }
        let task = Task { await signals.wait() }
        if round % 2 == 0 { await Task.yield() }
        task.cancel()
        await task.value
        #expect(signals.received == nil)
    }
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct LogLevelSignalsTests {
    @Test func `signals change the log level and log the change`() async {
        let log = CapturedLog(.error)
        let signals = LogLevelSignals(Logger(log.sink))
        kill(getpid(), SIGUSR1)
        await eventually("everything is logged") { log.sink.level == .debug }
        kill(getpid(), SIGUSR2)
        await eventually("the level is what it was") { log.sink.level == .error }
        let changes = log.flushed().map {
            $0.contains(#""msg":"The log level was changed","from":"error","to":"debug""#)
        }
        #expect(changes == [true, false])
        withExtendedLifetime(signals) {}
    }
}
