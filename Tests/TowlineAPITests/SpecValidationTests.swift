import Testing
import TowlineAPI

@Suite struct SpecValidationTests {
    private static let digest = "sha256:" + String(repeating: "a0", count: 32)
    private static let image = "registry.example:5000/workflows/restart:1.4.0"

    @Test(arguments: [
        WorkflowReference(workflowId: "restart"),
        WorkflowReference(workflowId: "restart", engine: .tekton, containerImage: image, containerDigest: digest),
        WorkflowReference(workflowId: "restart", containerImage: "registry.example/restart@" + digest),
        WorkflowReference(workflowId: "restart", engine: .tekton, clusterScope: false),
        WorkflowReference(workflowId: "restart.v1", version: "1", engine: .argo, name: "other", clusterScope: true),
    ])
    func `valid references have no problem`(_ reference: WorkflowReference) {
        #expect(ExecutionSpec(workflowRef: reference).validate() == [])
    }

    @Test(arguments: [
        (WorkflowReference(workflowId: ""), "workflowId"),
        (WorkflowReference(workflowId: "Restart"), "workflowId"),
        (WorkflowReference(workflowId: "a..b"), "workflowId"),
        (WorkflowReference(workflowId: String(repeating: "a", count: 254)), "workflowId"),
        (WorkflowReference(workflowId: "a", name: "-a"), "name"),
        (WorkflowReference(workflowId: "a", version: ""), "version"),
        (WorkflowReference(workflowId: "a", engine: .argo, containerImage: image), "containerImage"),
        (WorkflowReference(workflowId: "a", engine: .argo, containerDigest: digest), "containerDigest"),
        (WorkflowReference(workflowId: "a", containerDigest: digest), "containerDigest"),
        (WorkflowReference(workflowId: "a", containerImage: image, containerDigest: "sha256:AB"), "containerDigest"),
        (WorkflowReference(workflowId: "a", containerImage: "a@" + digest, containerDigest: digest), "containerDigest"),
        (WorkflowReference(workflowId: "a", containerImage: "a b"), "containerImage"),
        (WorkflowReference(workflowId: "a", containerImage: "a@sha256:1"), "containerImage"),
        (WorkflowReference(workflowId: "a", clusterScope: true), "clusterScope"),
    ])
    func `a contradiction names its field`(_ reference: WorkflowReference, _ field: String) {
        #expect(ExecutionSpec(workflowRef: reference).validate().map(\.field) == ["spec.workflowRef.\(field)"])
    }

    @Test(arguments: ["A", "_a", "a-b_C9", String(repeating: "a", count: 128)])
    func `parameter names that both engines accept are valid`(_ name: String) {
        #expect(problems([Parameter(name: name, value: "")]) == [])
    }

    @Test(arguments: ["", "1a", "-a", "a b", "ü", String(repeating: "a", count: 129)])
    func `parameter names that one engine refuses are invalid`(_ name: String) {
        #expect(problems([Parameter(name: name, value: "")]).count == 1)
    }

    @Test func `only Tekton accepts dots in parameter names`() {
        let parameters = [Parameter(name: "image.tag", value: "v1")]
        #expect(problems(parameters) == [])
        let spec = ExecutionSpec(workflowRef: WorkflowReference(workflowId: "a", engine: .argo), parameters: parameters)
        #expect(spec.validate().map(\.field) == ["spec.parameters[image.tag]"])
    }

    @Test func `Tekton parameters must differ in more than case`() {
        let parameters = [Parameter(name: "TARGET", value: "a"), Parameter(name: "target", value: "b")]
        #expect(problems(parameters) == ["spec.parameters[target]"])
        let spec = ExecutionSpec(workflowRef: WorkflowReference(workflowId: "a", engine: .argo), parameters: parameters)
        #expect(spec.validate() == [])
    }

    @Test func `values out of bounds are invalid`() {
        let many = (0..<65).map { Parameter(name: "p\($0)", value: "") }
        #expect(problems(many) == ["spec.parameters"])
        #expect(problems(Array(many.prefix(64))) == [])
        #expect(
            problems([Parameter(name: "a", value: String(repeating: "x", count: 32_769))]) == ["spec.parameters[a]"])
        var spec = ExecutionSpec(workflowRef: WorkflowReference(workflowId: "a"))
        spec.confidence = 1.1
        spec.executionConfig = ExecutionConfig(
            serviceAccountName: "No", timeoutSeconds: 0, startDeadlineSeconds: 2_592_001)
        #expect(
            spec.validate().map(\.field) == [
                "spec.executionConfig.timeoutSeconds", "spec.executionConfig.startDeadlineSeconds",
                "spec.executionConfig.serviceAccountName", "spec.confidence",
            ])
    }

    private func problems(_ parameters: [Parameter]) -> [String] {
        ExecutionSpec(workflowRef: WorkflowReference(workflowId: "a"), parameters: parameters).validate().map(\.field)
    }
}
