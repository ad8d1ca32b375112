import KubeClient
import Testing
import TowlineAPI

@testable import Executions

@Suite struct ParameterMasksTests {
    private func execution(_ number: Int, values: Int) -> WorkflowExecution {
        var spec = ExecutionSpec(workflowRef: WorkflowReference(workflowId: "restart", engine: .tekton))
        spec.parameters = (0..<values).map {
            Parameter(name: "p\($0)", value: .string("secret-\(number)-\($0)"))
        }
        return WorkflowExecution(
            key: ObjectKey(namespace: "payments", name: "e\(number)"), uid: "uid-\(number)", spec: spec)
    }

    @Test func `keeps few masks however many executions are masked`() {
        let masks = ParameterMasks()
        for number in 0..<1_000 {
            let mask = masks.mask(of: execution(number, values: 3))
            #expect(mask.applied(to: "it was secret-\(number)-1") == "it was ***")
        }
        #expect(masks.usage.count == 16)
    }

    @Test func `hides all foreign text about an execution whose parameters are unknown`() {
        let ended = WorkflowExecution(key: ObjectKey(namespace: "payments", name: "ended"), uid: "uid", spec: nil)
        let masks = ParameterMasks()
        #expect(masks.mask(of: ended).applied(to: "it was secret-0-1") == "***")
        #expect(masks.mask(of: execution(0, values: 0)).applied(to: "no value") == "no value")
    }

    @Test func `keeps no large mask once another is needed`() {
        let masks = ParameterMasks()
        _ = masks.mask(of: execution(0, values: 20_000)).applied(to: "it was secret-0-19999")
        #expect(masks.usage.size > 256 << 10)
        _ = masks.mask(of: execution(1, values: 3)).applied(to: "it was secret-1-1")
        #expect(masks.usage.size < 64 << 10)
        #expect(masks.usage.count == 1)
    }
}
