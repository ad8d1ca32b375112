import Glibc
import KubeClient
import Testing

@testable import KubeRuntime

@Suite(.serialized) struct TerminationSignalsTests {
    @Test func theFirstSignalAsksAndTheSecondInsists() async {
        let status = Locked<Int32?>(nil)
        let signals = TerminationSignals([SIGUSR1, SIGUSR2]) { code in status.withLock { $0 = code } }
        async let asked: Void = signals.wait()
        #expect(signals.received == nil)
        kill(getpid(), SIGUSR1)
        await asked
        #expect(signals.received == SIGUSR1)
        #expect(status.withLock { $0 } == nil)
        await signals.wait()
        kill(getpid(), SIGUSR2)
        await eventually("the process exits") { status.withLock { $0 } == 128 + SIGUSR2 }
    }

    @Test(arguments: 0..<10) func waitingEndsOnCancellation(round: Int) async {
        let signals = TerminationSignals([]) { _ in }
        let task = Task { await signals.wait() }
        if round % 2 == 0 { await Task.yield() }
        task.cancel()
        await task.value
        #expect(signals.received == nil)
    }
}
