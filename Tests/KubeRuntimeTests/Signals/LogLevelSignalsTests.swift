import Glibc
import KubeClient
import Testing

@testable import KubeRuntime

@Suite(.serialized, .timeLimit(.minutes(1))) struct LogLevelSignalsTests {
    @Test func signalsChangeTheLevelAndSaySo() async {
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
