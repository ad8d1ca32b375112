import Foundation
import KubeClient
import KubeRuntime
import TestSupport
import Testing

/// Leader election between two operators.
@Suite(.serialized) struct HandOverTests {
    static let leases = ResourceType(group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease")
    /// The namespace of the operator's lease; see `deploy/base/rbac/`.
    static let leaseNamespace = "towline-system"

    @Test func `hands over at once when the leader stops`() async throws {
        // Long enough for renewals on a busy machine.
        let pair = try await Pair.make([
            "--leader-elect-lease-duration", "60s", "--leader-elect-renew-deadline", "40s",
            "--leader-elect-retry-period", "8s",
        ])
        try await pair.workspace.create(Templates.execution("before", engine: "tekton"))
        _ = try await pair.workspace.finished("before")
        try await pair.workspace.create(Templates.execution("meanwhile", engine: "argo"))
        let start = ContinuousClock.now
        pair.first.send(SIGTERM)
        let duration = try await pair.waitUntilTheSecondLeads(since: start)
        print("hand-over after SIGTERM: \(duration)")
        #expect(duration < .seconds(2), "the watch reports the release; polling would take at least eight seconds")
        #expect(try await pair.first.exit(within: .seconds(20)) == 0)
        try await pair.expectOneRunEach(["before", "meanwhile"])
        #expect(try await pair.second.stop() == 0)
        #expect(try await pair.holder() == "", "the last one releases the lease, too")
        try await pair.end()
    }

    @Test func `replaces a killed leader when its lease expires`() async throws {
        let pair = try await Pair.make([
            "--leader-elect-lease-duration", "3s", "--leader-elect-renew-deadline", "2s",
            "--leader-elect-retry-period", "500ms",
        ])
        try await pair.workspace.create(Templates.execution("struck", engine: "tekton"))
        let start = ContinuousClock.now
        pair.first.send(SIGKILL)
        let duration = try await pair.waitUntilTheSecondLeads(since: start)
        print("takeover after SIGKILL: \(duration)")
        #expect(duration > .milliseconds(2400) && duration < .seconds(5))
        try await pair.workspace.create(Templates.execution("after", engine: "argo"))
        try await pair.expectOneRunEach(["struck", "after"])
        #expect(try await pair.second.stop() == 0)
        try await pair.end()
    }

    @Test func `exits with an error when it loses the lease`() async throws {
        let pair = try await Pair.make([])
        try await pair.workspace.access.merge(
            Self.leases, Self.leaseNamespace, pair.name, ["spec": ["holderIdentity": "somebody-else"]])
        #expect(try await pair.first.exit(within: .seconds(20)) == 1)
        #expect(pair.first.errorOutput.contains("the lease is held by somebody-else"))
        #expect(pair.second.isRunning, "a candidate keeps waiting")
        #expect(try await pair.second.stop() == 0)
        try await pair.end()
    }

    /// The API server hangs: it accepts connections but does not answer. It is a separate one for this test.
    @Test func `stops before its lease expires if the API server hangs`() async throws {
        let directory = try await TestCluster.shared.directory
        let kubeconfig = directory.appending(path: "hanging.kubeconfig")
        let sandbox = try ChildProcess(
            Repository.sandbox, ["serve", "--port", "0", "--kubeconfig-out", kubeconfig.path], directory: directory,
            name: "hanging-sandbox")
        try await poll("the sandbox says where it is") { sandbox.output.contains(kubeconfig.path) }
        let leader = try ChildProcess(
            Repository.binary,
            [
                "operator", "--kubeconfig", kubeconfig.path, "--metrics-bind-address", "0",
                "--health-probe-bind-address", "0", "--leader-elect", "--leader-elect-lease-duration", "4s",
                "--leader-elect-renew-deadline", "3s", "--leader-elect-retry-period", "500ms",
                "--leader-elect-resource-namespace", "default",
            ], directory: directory, name: "hanging-leader")
        try await poll("it leads") { leader.errorOutput.contains("\"Leading\"") }
        sandbox.send(SIGSTOP)
        let start = ContinuousClock.now
        #expect(try await leader.exit(within: .seconds(20)) == 1)
        let duration = start.duration(to: .now)
        print("end after SIGSTOP of the API server: \(duration)")
        #expect(duration < .seconds(4), "before anybody else could lead")
        #expect(leader.errorOutput.contains("the lease could not be renewed in time"))
        sandbox.send(SIGCONT)
        try await sandbox.stop()
    }

    @Test(arguments: [
        (["--leader-elect-lease-duration", "10s"], "must be greater than the renew deadline"),
        (["--leader-elect-retry-period", "9s"], "1.2 times the retry period"),
        (["--leader-elect-resource-name", ""], "expected the name of a lease"),
    ]) func `rejects invalid election flags`(_ flags: [String], _ why: String) async throws {
        let directory = try await TestCluster.shared.directory
        let process = try ChildProcess(
            Repository.binary, ["operator", "--leader-elect"] + flags, directory: directory,
            name: "flags-\(UUID().uuidString.prefix(8))")
        #expect(try await process.exit(within: .seconds(20)) == 2)
        #expect(process.errorOutput.contains(why))
    }
}

/// Two operators that share a lease; the first one is the leader.
private struct Pair {
    let workspace: Workspace
    let name: String
    let first: ChildProcess
    let second: ChildProcess

    static func make(_ flags: [String]) async throws -> Pair {
        let workspace = try await Workspace.make("pair")
        try await workspace.create(Templates.all)
        let name = "e2e-\(workspace.namespace)"
        try await workspace.allowLease(name)
        let arguments =
            [
                "--metrics-bind-address", "0", "--health-probe-bind-address", "0", "--leader-elect",
                "--leader-elect-resource-namespace", HandOverTests.leaseNamespace, "--leader-elect-resource-name", name,
            ] + flags
        let first = try workspace.startOperator(arguments: arguments)
        try await poll("the first one leads") { first.errorOutput.contains("\"Leading\"") }
        let second = try workspace.startOperator(arguments: arguments)
        try await poll("the second one watches") { second.errorOutput.contains("leases.coordination.k8s.io") }
        return Pair(workspace: workspace, name: name, first: first, second: second)
    }

    func lease() async throws -> JSONValue? {
        try await workspace.access.get(HandOverTests.leases, HandOverTests.leaseNamespace, name)
    }

    func holder() async throws -> String? { try await lease()?[path: ["spec", "holderIdentity"]]?.stringValue }

    /// Returns how long it took the second operator to start its workers.
    func waitUntilTheSecondLeads(since start: ContinuousClock.Instant) async throws -> Duration {
        try await poll("the second one leads") { second.errorOutput.contains("\"Leading\"") }
        let duration = start.duration(to: .now)
        try await poll("the second one works") { second.errorOutput.contains("\"Starting workers\"") }
        print("workers after \(start.duration(to: .now))")
        return duration
    }

    func expectOneRunEach(_ names: [String]) async throws {
        for name in names {
            let execution = try await workspace.finished(name)
            #expect(execution.verdict == "Completed/Success/Succeeded")
            #expect(try await workspace.runs(of: execution).count == 1, "\(name)")
        }
    }

    func end() async throws {
        try await workspace.access.delete(HandOverTests.leases, HandOverTests.leaseNamespace, name)
    }
}

extension Workspace {
    /// Grants the operator access to this lease, since the shipped role names only the default one.
    func allowLease(_ name: String) async throws {
        try await makeLeaseNamespace()
        guard cluster.kind == .controlPlane else { return }
        var rules = try OperatorRole.election.manifest()["rules"]?.arrayValue ?? []
        for index in rules.indices where rules[index]["resourceNames"] != nil {
            rules[index]["resourceNames"] = [.string(name)]
        }
        let system = Workspace(cluster: cluster, namespace: HandOverTests.leaseNamespace)
        try await system.grant(
            .array(rules), to: ["kind": "ServiceAccount", "name": "towline-operator"], as: "lease-\(name)")
    }

    /// Creates the namespace of the lease if it does not exist.
    func makeLeaseNamespace() async throws {
        do {
            try await access.create(
                Types.namespace, nil,
                [
                    "apiVersion": "v1", "kind": "Namespace",
                    "metadata": ["name": .string(HandOverTests.leaseNamespace)],
                ])
        } catch let error as KubeError where error.isAlreadyExists {}
    }
}
