import Testing
import TowlineAPI

@Suite struct ExecutionStateTests {
    /// The tests of the tools are worth what the states are.
    @Test func noReasonAndNoConditionIsMissing() {
        let states = ExecutionState.all
        #expect(Set(states.compactMap(\.status.reason)) == Set(Reason.allCases))
        #expect(Set(states.map(\.status.phase)) == Set(Phase.allCases))
        #expect(Set(states.compactMap(\.status.outcome)) == Set(Outcome.allCases))
        let types = Set(states.flatMap(\.status.conditions).map(\.type))
        #expect(types.isSuperset(of: ConditionType.allCases.map(\.rawValue)))
        #expect(states.count > 400)
    }
}
