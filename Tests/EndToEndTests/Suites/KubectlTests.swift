import Foundation
import KubeClient
import TestSupport
import Testing

/// Everyday commands with an unmodified kubectl.
@Suite(.serialized, .enabled(if: Kubectl.installed != nil, "kubectl is not installed")) struct KubectlTests {
    /// A namespace with an operator and the test's workflows, and kubectl configured for it.
    struct Bench {
        let workspace: Workspace
        let kubectl: Kubectl
        let process: ChildProcess

        static func make(_ name: String) async throws -> Bench {
            let workspace = try await Workspace.make(name)
            let kubectl = Kubectl(
                executable: try #require(Kubectl.installed), kubeconfig: workspace.cluster.kubeconfig,
                directory: workspace.cluster.directory)
            try await workspace.create(Templates.all)
            return Bench(workspace: workspace, kubectl: kubectl, process: try workspace.startOperator())
        }

        var namespace: String { workspace.namespace }
    }

    @Test func `applies, gets, waits, describes, and deletes`() async throws {
        let bench = try await Bench.make("kubectl")
        let file = try bench.kubectl.file(Templates.execution("one", engine: "tekton"))
        #expect(try await bench.kubectl("apply", "-n", bench.namespace, "-f", file).contains("one created"))
        try await bench.kubectl("wait", "-n", bench.namespace, "--for=condition=Finished", "--timeout=60s", "wfe/one")
        #expect(try await bench.kubectl("apply", "-n", bench.namespace, "-f", file).contains("one unchanged"))

        let table = try await bench.kubectl("get", "-n", bench.namespace, "wfe")
        let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(
            lines.first == [
                "NAME", "WORKFLOW", "ENGINE", "PHASE", "OUTCOME", "REASON", "PROGRESS", "DURATION", "AGE",
            ])
        let row = try #require(lines.last)
        #expect(row.count == 9)
        #expect(row.prefix(7) == ["one", "works", "tekton", "Completed", "Success", "Succeeded", "2/2"])
        let wide = try await bench.kubectl("get", "-n", bench.namespace, "wfe", "-o", "wide")
        for column in ["RUN", "STARTED", "FINISHED", "MESSAGE"] { #expect(wide.contains(column)) }

        let description = try await bench.kubectl("describe", "-n", bench.namespace, "wfe", "one")
        for text in ["Workflow Ref:", "Phase:", "Completed", "Run Ref:", "Finished At:"] {
            #expect(description.contains(text), "describe shows \(text)")
        }
        let yaml = try await bench.kubectl("get", "-n", bench.namespace, "wfe", "one", "-o", "yaml")
        #expect(yaml.contains("workflowId: works"))
        let path = try await bench.kubectl(
            "get", "-n", bench.namespace, "wfe", "one", "-o", "jsonpath={.status.outcome}")
        #expect(path == "Success")
        #expect(try await bench.kubectl("delete", "-n", bench.namespace, "wfe", "one").contains("deleted"))
        try await poll("the run is gone with its execution", within: .seconds(90)) {
            try await bench.workspace.access.list(Types.pipelineRun, bench.namespace).isEmpty
        }
        try await bench.process.stop()
    }

    @Test func `kubectl selects executions by fields of spec and status`() async throws {
        let bench = try await Bench.make("selectors")
        for (name, engine, workflow) in [("good", "tekton", "works"), ("bad", "argo", "breaks")] {
            let file = try bench.kubectl.file(Templates.execution(name, engine: engine, workflow: workflow))
            try await bench.kubectl("apply", "-n", bench.namespace, "-f", file)
        }
        for name in ["good", "bad"] { _ = try await bench.workspace.finished(name) }
        for (selector, names) in [
            ("status.phase=Failed", ["bad"]), ("status.phase!=Failed", ["good"]),
            ("spec.workflowRef.engine=tekton,status.outcome=Success", ["good"]),
            ("status.phase=Failed,status.engine=tekton", []),
        ] {
            let found = try await bench.kubectl(
                "get", "-n", bench.namespace, "wfe", "-o", "name", "--field-selector", selector)
            #expect(found.split(separator: "\n").map { $0.split(separator: "/").last.map(String.init) } == names)
        }
        let refused = try await bench.kubectl.run([
            "get", "-n", bench.namespace, "wfe", "--field-selector", "status.message=x",
        ])
        #expect(refused.exitCode != 0)
        #expect(
            refused.errorOutput.contains(
                """
                Unable to find "towline.dev/v1alpha1, Resource=workflowexecutions" that match label selector "", \
                field selector "status.message=x": field label not supported: status.message
                """), "\(refused.errorOutput)")
        try await bench.process.stop()
    }

    @Test func `watches an execution to its end`() async throws {
        let bench = try await Bench.make("watch")
        let watch = try bench.kubectl.start(["get", "-n", bench.namespace, "wfe", "-w"])
        let file = try bench.kubectl.file(Templates.execution("seen", engine: "argo"))
        try await bench.kubectl("apply", "-n", bench.namespace, "-f", file)
        try await poll("the watch shows the end") {
            watch.output.contains("Running") && watch.output.contains("Completed")
        }
        try await watch.stop(SIGINT)
        try await bench.process.stop()
    }

    @Test func `explains the schema`() async throws {
        let bench = try await Bench.make("explain")
        let explanation = try await bench.kubectl("explain", "wfe.spec.workflowRef")
        for text in ["workflowId", "definition", "engine", "containerDigest"] {
            #expect(explanation.contains(text), "explain shows \(text)")
        }
        #expect(try await bench.kubectl("explain", "wfe.spec.workflowRef.resolver").contains("-required-"))
        let parameters = try await bench.kubectl("explain", "wfd.spec.parameters")
        for text in ["-required-", "RE2", "enum"] { #expect(parameters.contains(text), "explain shows \(text)") }
        let config = try await bench.kubectl("explain", "wfe.spec.executionConfig")
        for text in ["ttlSecondsAfterFinished", "runTTLSecondsAfterFinished", "towline.dev/keep", "GitOps"] {
            #expect(config.contains(text), "explain shows \(text)")
        }
        let spec = try await bench.kubectl("explain", "wfe.spec.parameters")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for text in ["at most 64", "8,192 characters"] { #expect(spec.contains(text), "explain shows \(text)") }
        let resources = try await bench.kubectl("api-resources", "--api-group", "towline.dev")
        #expect(resources.contains("workflowexecutions") && resources.contains("wfe"))
        try await bench.process.stop()
    }

    @Test func `allows patches of mutable fields only`() async throws {
        let bench = try await Bench.make("patch")
        let file = try bench.kubectl.file(Templates.execution("fixed", engine: "tekton", workflow: "takes-long"))
        try await bench.kubectl("apply", "-n", bench.namespace, "-f", file)
        let refused = try await bench.kubectl.run([
            "patch", "-n", bench.namespace, "wfe", "fixed", "--type=merge", "-p", #"{"spec":{"parameters":{"A":"b"}}}"#,
        ])
        #expect(refused.exitCode != 0)
        #expect(refused.errorOutput.contains("is immutable: an execution runs once"))

        let editor = try bench.kubectl.file(
            "#!/bin/sh\nsed -i 's/^spec:/spec:\\n  shutdown: Terminate/' \"$1\"\n", "editor")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: editor)
        let edit = try ChildProcess(
            bench.kubectl.executable, ["edit", "-n", bench.namespace, "wfe", "fixed"],
            environment: ["KUBECONFIG": bench.kubectl.kubeconfig.path, "KUBE_EDITOR": editor],
            directory: bench.kubectl.directory, name: "edit-\(bench.namespace)")
        #expect(try await edit.exit(within: .seconds(60)) == 0, "\(edit.errorOutput)")
        let ended = try await bench.workspace.finished("fixed")
        #expect(ended.verdict == "Failed/Cancelled/Cancelled")

        let lowered = try await bench.kubectl.run([
            "patch", "-n", bench.namespace, "wfe", "fixed", "--type=json", "-p",
            #"[{"op":"remove","path":"/spec/shutdown"}]"#,
        ])
        #expect(lowered.exitCode != 0)
        try await bench.process.stop()
    }

    @Test func `supports server-side apply and dry run`() async throws {
        let bench = try await Bench.make("server-side")
        let file = try bench.kubectl.file(Templates.execution("applied", engine: "tekton"))
        let dry = try await bench.kubectl("apply", "-n", bench.namespace, "-f", file, "--dry-run=server")
        #expect(dry.contains("server dry run"))
        #expect(try await bench.workspace.access.get(Types.execution, bench.namespace, "applied") == nil)
        let applied = try await bench.kubectl("apply", "-n", bench.namespace, "--server-side", "-f", file)
        #expect(applied.contains("serverside-applied"))
        try await bench.kubectl("apply", "-n", bench.namespace, "--server-side", "-f", file)
        let execution = try await bench.workspace.finished("applied")
        #expect(execution[path: ["metadata", "generation"]] == 1)
        #expect(execution[path: ["status", "observedGeneration"]] == 1)
        let file2 = try bench.kubectl.file(
            Templates.execution("applied", engine: "tekton", more: "unknownField: true"))
        let strict = try await bench.kubectl.run(["apply", "-n", bench.namespace, "--server-side", "-f", file2])
        #expect(strict.exitCode != 0)
        #expect(strict.errorOutput.contains("unknownField"))
        try await bench.process.stop()
    }

    @Test func `shows logs and events`() async throws {
        let bench = try await Bench.make("logs")
        guard bench.workspace.cluster.kind == .sandbox else {
            print("Logs are not read: only the sandbox pretends to have a kubelet.")
            try await bench.process.stop()
            return
        }
        let file = try bench.kubectl.file(Templates.execution("talks", engine: "tekton"))
        try await bench.kubectl("apply", "-n", bench.namespace, "-f", file)
        _ = try await bench.workspace.finished("talks")
        let pods = try await bench.kubectl("get", "-n", bench.namespace, "pods", "-o", "name")
        let pod = try #require(pods.split(separator: "\n").first.map(String.init))
        #expect(try await !bench.kubectl("logs", "-n", bench.namespace, pod).isEmpty)
        _ = try await bench.kubectl("get", "-n", bench.namespace, "events")
        try await bench.process.stop()
    }
}
