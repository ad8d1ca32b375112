import Testing
import TowlineAPI

@Suite struct VocabularyTests {
    @Test(arguments: Reason.allCases)
    func `a reason is one CamelCase word and decides the phase`(_ reason: Reason) {
        #expect(reason.rawValue.wholeMatch(of: /[A-Z][A-Za-z]{2,40}/) != nil)
        #expect(reason.phase.isTerminal == (reason.outcome != nil))
        if let outcome = reason.outcome { #expect(reason.phase == outcome.phase) }
    }

    @Test func `every phase and every outcome has a reason`() {
        #expect(Set(Reason.allCases.map(\.phase)) == Set(Phase.allCases))
        #expect(Set(Reason.allCases.compactMap(\.outcome)) == Set(Outcome.allCases))
    }

    @Test func `phases only move forward`() {
        for phase in Phase.allCases {
            #expect(phase.mayBecome(phase))
            #expect(phase.mayBecome(.pending) == (phase == .pending))
        }
        #expect(!Phase.completed.mayBecome(.failed) && !Phase.failed.mayBecome(.completed))
        #expect(Phase.pending.mayBecome(.completed) && Phase.running.mayBecome(.failed))
    }

    @Test func `Terminate is stronger than Stop`() {
        #expect(Shutdown.stop < .terminate)
        #expect(!(Shutdown.terminate < .stop) && !(Shutdown.stop < .stop))
    }
}
