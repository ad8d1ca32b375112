import Foundation
import KubeClient
import TestSupport
import Testing

/// Environments and lifecycles with an unmodified kubectl.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: Kubectl.installed != nil, "kubectl is not installed"))
struct EnvironmentKubectlTests {
    private func makeKubectl(_ stage: EnvironmentStage) throws -> Kubectl {
        Kubectl(
            executable: try #require(Kubectl.installed), kubeconfig: stage.workspace.cluster.kubeconfig,
            directory: stage.workspace.cluster.directory)
    }

    @Test func `waits for readiness and teardown, and lists columns`() async throws {
        let stage = try await EnvironmentStage.make("kubectl")
        let kubectl = try makeKubectl(stage)
        let (namespace, end) = (stage.namespace, ServerTime.fromNow(600).rfc3339)
        let manifest = EnvironmentManifest(
            name: "lab",
            phases: [.workflow("up"), .workflow("grade", "works", "triggerOnStatus: submitted"), .teardown()],
            timeslot: "end: \(end), teardownSeconds: 60")
        let file = try kubectl.file(manifest.text)
        #expect(try await kubectl("apply", "-n", namespace, "-f", file).contains("lab created"))
        try await kubectl("wait", "-n", namespace, "--for=condition=Ready", "--timeout=60s", "env/lab")
        #expect(try await kubectl("apply", "-n", namespace, "-f", file).contains("lab unchanged"))

        _ = try await stage.environment("lab", reaches: "Active/WaitingForSignal")
        let lines = try await kubectl("get", "-n", namespace, "env").split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
        #expect(lines.first == ["NAME", "PHASE", "CURRENT", "READY", "EXPIRES", "AGE"])
        #expect(lines.last?.prefix(5) == ["lab", "Active", "grade", "True", end])
        let wide = try await kubectl("get", "-n", namespace, "env", "-o", "wide")
        for column in ["REASON", "MESSAGE", "STARTED", "FINISHED", "WaitingForSignal"] {
            #expect(wide.contains(column))
        }

        try await kubectl(
            "patch", "-n", namespace, "env", "lab", "--type=merge", "-p", #"{"spec":{"desired":"Inactive"}}"#)
        try await kubectl("wait", "-n", namespace, "--for=condition=TornDown", "--timeout=60s", "env/lab")
        let ended = try await stage.environment("lab", reaches: "Inactive/Deactivated")
        let last = try await kubectl("get", "-n", namespace, "env", "lab", "--no-headers")
            .split(separator: " ").map(String.init)
        #expect(last.prefix(3) == ["lab", "Inactive", end], "CURRENT and READY are empty")
        let selected = try await kubectl(
            "get", "-n", namespace, "env", "-o", "name", "--field-selector", "status.phase=Inactive")
        #expect(selected.contains("lab"))
        let of = try await kubectl(
            "get", "-n", namespace, "wfe", "-o", "name", "-l", "towline.dev/environment-uid=\(ended.uid ?? "")")
        #expect(of.split(separator: "\n").count == 2)
        #expect(try await kubectl("get", "-n", namespace, "towline").contains("environment.towline.dev/lab"))
        try await stage.end()
    }

    @Test func `extends and retries with annotations`() async throws {
        let stage = try await EnvironmentStage.make("annotated")
        let kubectl = try makeKubectl(stage)
        try await stage.setFailure("exit=3")
        try await stage.create("lab", [.workflow("up")], timeslot: "end: \(ServerTime.fromNow(300).rfc3339)")
        try await kubectl(
            "wait", "-n", stage.namespace, "--for=condition=Stalled", "--timeout=60s", "env/lab")
        let later = ServerTime.fromNow(900).rfc3339
        try await stage.setFailure(nil)
        try await kubectl(
            "annotate", "-n", stage.namespace, "env/lab", "towline.dev/extended-until=\(later)",
            "towline.dev/retry-requested-at=\(ServerTime.fromNow(0).rfc3339)")
        try await kubectl("wait", "-n", stage.namespace, "--for=condition=Ready", "--timeout=60s", "env/lab")
        try await kubectl(
            "wait", "-n", stage.namespace, "--for=jsonpath={.status.expiresAt}=\(later)", "--timeout=60s", "env/lab")
        try await stage.end()
    }

    @Test func `deletes in the foreground and waits`() async throws {
        let stage = try await EnvironmentStage.make("kubectl-delete")
        let kubectl = try makeKubectl(stage)
        try await stage.create("lab", [.workflow("up"), .teardown()], timeslot: "teardownSeconds: 60")
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        try await kubectl("delete", "-n", stage.namespace, "env/lab", "--cascade=foreground", "--timeout=50s")
        #expect(try await stage.access.get(Types.environment, stage.namespace, "lab") == nil)
        #expect(try await stage.execution(of: ready, "teardown").verdict == "Completed/Success/Succeeded")
        try await stage.end()
    }

    @Test func `explains the schema, and lists lifecycles`() async throws {
        let stage = try await EnvironmentStage.makeWithoutOperator("explained")
        let kubectl = try makeKubectl(stage)
        try await stage.workspace.create(
            """
            apiVersion: towline.dev/v1alpha1
            kind: Lifecycle
            metadata: {name: lab-1.0.0}
            spec: {name: lab, version: 1.0.0, readyAfter: up, phases: [\(PhaseManifest.workflow("up").text)]}
            """)
        let lines = try await kubectl("get", "-n", stage.namespace, "lc").split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }
        #expect(lines.first == ["NAME", "LIFECYCLE", "VERSION", "READY-AFTER", "AGE"])
        #expect(lines.last?.prefix(4) == ["lab-1.0.0", "lab", "1.0.0", "up"])
        let selected = try await kubectl(
            "get", "-n", stage.namespace, "lc", "-o", "name", "--field-selector", "spec.name=lab,spec.version=1.0.0")
        #expect(selected.contains("lab-1.0.0"))
        for (path, texts) in [
            ("env.spec", ["desired", "timeslot", "lifecycleRef", "signals"]),
            ("env.spec.timeslot", ["leadSeconds", "teardownSeconds", "maxEnd"]),
            ("lc.spec.phases", ["gatesNext", "triggerOnStatus", "retry", "teardown", "tasks"]),
            ("env.status", ["currentPhase", "readyAt", "expiresAt", "terminationStartedAt"]),
        ] {
            let explanation = try await kubectl("explain", path)
            for text in texts { #expect(explanation.contains(text), "explain \(path) shows \(text)") }
        }
        try await stage.end()
    }
}
