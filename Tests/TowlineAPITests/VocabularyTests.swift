import Testing
import TowlineAPI

@Suite struct VocabularyTests {
    @Test(arguments: Reason.allCases)
    func aReasonIsOneCamelCaseWordThatFixesThePhase(_ reason: Reason) {
        #expect(reason.rawValue.wholeMatch(of: /[A-Z][A-Za-z]{2,40}/) != nil)
        #expect(reason.phase.isTerminal == (reason.outcome != nil))
        if let outcome = reason.outcome { #expect(reason.phase == outcome.phase) }
    }

    @Test func everyPhaseAndOutcomeHasAReason() {
        #expect(Set(Reason.allCases.map(\.phase)) == Set(Phase.allCases))
        #expect(Set(Reason.allCases.compactMap(\.outcome)) == Set(Outcome.allCases))
    }

    @Test func phasesOnlyMoveForward() {
        for phase in Phase.allCases {
            #expect(phase.mayBecome(phase))
            #expect(phase.mayBecome(.pending) == (phase == .pending))
        }
        #expect(!Phase.completed.mayBecome(.failed) && !Phase.failed.mayBecome(.completed))
        #expect(Phase.pending.mayBecome(.completed) && Phase.running.mayBecome(.failed))
    }

    @Test func terminateIsMoreThanStop() {
        #expect(Shutdown.stop < .terminate)
        #expect(!(Shutdown.terminate < .stop) && !(Shutdown.stop < .stop))
    }
}
