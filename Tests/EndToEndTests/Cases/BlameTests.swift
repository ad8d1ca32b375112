import Foundation
import KubeClient
import Testing

/// Who failed: the workflow, its pod's node, or those who did not let the pod be created.
@Suite struct BlameTests {
    /// Why the kubelet ended or rejected a pod.
    struct KubeletWord: Sendable, CustomTestStringConvertible {
        let name: String
        let message: String
        /// True where no container of the pod was started.
        var isRejection = false

        var testDescription: String { name }
    }

    static let words = [
        KubeletWord(name: "shutdown", message: "Pod was terminated in response to imminent node shutdown."),
        KubeletWord(name: "preempted", message: "Preempted in order to admit critical pod"),
        KubeletWord(name: "memory", message: "The node was low on resource: memory. "),
        KubeletWord(name: "disk", message: "Container main exceeded its local ephemeral storage limit \"1Gi\". "),
        KubeletWord(
            name: "pod-disk",
            message: "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "),
        KubeletWord(name: "empty-dir", message: "Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Gi\". "),
        KubeletWord(
            name: "pressure", message: "Pod was rejected: The node had condition: [DiskPressure]. ",
            isRejection: true),
        KubeletWord(
            name: "no-cpu",
            message:
                "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3500, capacity: 4000",
            isRejection: true),
        KubeletWord(
            name: "leaving", message: "Pod was rejected as the node is shutting down.", isRejection: true),
        KubeletWord(
            name: "no-device",
            message:
                "Pod was rejected: Allocate failed due to requested number of devices unavailable for example.com/gpu",
            isRejection: true),
    ]

    @Test(arguments: TestEngine.allCases, words)
    func `a pod that the kubelet ended is no failure of the workflow`(
        _ engine: TestEngine, _ word: KubeletWord
    ) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("kubelet-\(word.name)-\(engine)", engine)
        try await run.write("pod-ended", ["message": word.message])
        let ended = try await stage.workspace.finished(run.execution)
        let reason = ended.status("reason") ?? "-"
        if word.isRejection {
            #expect(["PodEvicted", "PodCreationFailed"].contains(reason), "\(reason)")
            #expect(ended[path: ["status", "executed"]] != true, "no container was started")
        } else {
            #expect(reason == "PodEvicted")
        }
        #expect(ended.status("phase") == "Failed")
        #expect(ended[path: ["status", "failure", "task"]] == "work")
    }

    /// Windows has exit codes of 32 bits, which are written as negative numbers or with ten digits.
    @Test(arguments: [
        (TestEngine.argo, "exit-code", [-1_073_741_819]), (.tekton, "exit-code", [-1_073_741_819]),
        (.argo, "exit-code-unsigned", [3_221_225_786, -1_073_741_510]),
    ])
    func `reads exit codes of Windows`(_ engine: TestEngine, _ input: String, _ codes: [Int64]) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("\(input)-\(engine)", engine)
        try await run.write(input)
        let ended = try await stage.workspace.finished(run.execution)
        #expect(ended.verdict == "Failed/Failed/StepFailed")
        let failure = ended[path: ["status", "failure"]]
        #expect(failure?["task"] == "work")
        #expect(failure?["step"]?.stringValue == (engine == .argo ? "main" : "run"))
        #expect(codes.contains(failure?["exitCode"]?.integerValue ?? 0), "\(failure ?? .null)")
    }

    @Test(
        arguments: TestEngine.allCases,
        [
            ("limit", "maximum cpu usage per Container is 1, but limit is 4"),
            ("quota", "exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0"),
            ("security", "violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false"),
            ("account", "error looking up service account cases/runner: serviceaccount \"runner\" not found"),
        ])
    func `a pod that was never created executed nothing`(
        _ engine: TestEngine, _ refusal: (name: String, why: String)
    ) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("forbidden-\(refusal.name)-\(engine)", engine)
        try await run.write("pod-forbidden", ["why": refusal.why])
        let ended = try await stage.workspace.finished(run.execution)
        #expect(ended.verdict == "Failed/Failed/PodCreationFailed")
        #expect(ended[path: ["status", "executed"]] == false, "\(ended["status"] ?? .null)")
        #expect(ended[path: ["status", "failure", "reason"]] == "PodCreationFailed")
        #expect(ended["status"]?.encodedString.contains(refusal.why.prefix(20)) == true)
    }
}
