import Foundation
import KubeClient
import Testing

/// Whether the workflow failed, its pod's node, or the creation of its pod.
@Suite struct BlameTests {
    /// Why the kubelet ended or rejected a pod.
    struct KubeletEnding: Sendable, CustomTestStringConvertible {
        let name: String
        let message: String
        /// Whether no container of the pod was started.
        var isRejection = false

        var testDescription: String { name }
    }

    static let endings = [
        KubeletEnding(name: "shutdown", message: "Pod was terminated in response to imminent node shutdown."),
        KubeletEnding(name: "preempted", message: "Preempted in order to admit critical pod"),
        KubeletEnding(name: "memory", message: "The node was low on resource: memory. "),
        KubeletEnding(name: "disk", message: "Container main exceeded its local ephemeral storage limit \"1Gi\". "),
        KubeletEnding(
            name: "pod-disk",
            message: "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "),
        KubeletEnding(name: "empty-dir", message: "Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Gi\". "),
        KubeletEnding(
            name: "pressure", message: "Pod was rejected: The node had condition: [DiskPressure]. ",
            isRejection: true),
        KubeletEnding(
            name: "no-cpu",
            message:
                "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3500, capacity: 4000",
            isRejection: true),
        KubeletEnding(
            name: "leaving", message: "Pod was rejected as the node is shutting down.", isRejection: true),
        KubeletEnding(
            name: "no-device",
            message:
                "Pod was rejected: Allocate failed due to requested number of devices unavailable for example.com/gpu",
            isRejection: true),
    ]

    @Test(arguments: TestEngine.allCases, endings)
    func `reports a pod that the kubelet ended as PodEvicted`(
        _ engine: TestEngine, _ ending: KubeletEnding
    ) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("kubelet-\(ending.name)-\(engine)", engine)
        try await run.write("pod-ended", ["message": ending.message])
        let ended = try await stage.workspace.finished(run.execution)
        let reason = ended.status("reason") ?? "-"
        if ending.isRejection {
            #expect(["PodEvicted", "PodCreationFailed"].contains(reason), "\(reason)")
            #expect(ended[path: ["status", "executed"]] != true, "no container was started")
        } else {
            #expect(reason == "PodEvicted")
        }
        #expect(ended.status("phase") == "Failed")
        #expect(ended[path: ["status", "failure", "task"]] == "work")
    }

    /// Exit codes on Windows have 32 bits and appear as negative numbers or with ten digits.
    @Test(arguments: [
        (TestEngine.argo, "exit-code", [-1_073_741_819]), (.tekton, "exit-code", [-1_073_741_819]),
        (.argo, "exit-code-unsigned", [3_221_225_786, -1_073_741_510]),
    ])
    func `reads exit codes of Windows containers`(
        _ engine: TestEngine, _ input: String, _ codes: [Int64]
    ) async throws {
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
    func `reports executed false if no pod was created`(
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
