import Testing
import WorkflowAPI

@testable import Operator

@Suite struct PollPlanTests {
    private func subjects(_ count: Int, engine: EngineName = .tekton, namespaces: Int = 1) -> [PollPlan.Subject] {
        (0..<count).map {
            PollPlan.Subject(engine: engine, namespace: "n\($0 % namespaces)", executionUID: "uid-\(engine)-\($0)")
        }
    }

    @Test func nothingUnfinishedCostsNothing() {
        #expect(PollPlan(subjects: [], acrossNamespaces: true).requests.isEmpty)
    }

    @Test func aThousandRunsCostTenRequests() {
        let plan = PollPlan(subjects: subjects(1000, namespaces: 50), acrossNamespaces: true)
        #expect(plan.requests.count == 10)
        #expect(plan.requests.allSatisfy { $0.namespace == nil && $0.executionUIDs.count <= PollPlan.batchSize })
        #expect(Set(plan.requests.flatMap(\.executionUIDs)).count == 1000)
    }

    @Test func enginesAreAskedApart() {
        let plan = PollPlan(subjects: subjects(5) + subjects(7, engine: .argo), acrossNamespaces: true)
        #expect(plan.requests.map(\.engine) == [.argo, .tekton])
        #expect(plan.requests.map(\.executionUIDs.count) == [7, 5])
    }

    @Test func aNamespacedOperatorAsksItsNamespacesOnly() {
        let plan = PollPlan(subjects: subjects(6, namespaces: 3), acrossNamespaces: false)
        #expect(plan.requests.map(\.namespace) == ["n0", "n1", "n2"])
    }
}
