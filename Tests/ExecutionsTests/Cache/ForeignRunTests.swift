import Engines
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

/// Objects with the label of an execution that are not its run cost nothing once they are deleted.
@Suite(.timeLimit(.minutes(2))) struct ForeignRunTests {
    /// An object that anyone can create who may create runs.
    enum Forgery: String, CaseIterable, CustomTestStringConvertible {
        case otherName
        case otherNamespace
        case otherEngine
        case otherOwner
        case noOwner

        var testDescription: String { rawValue }

        /// Creates the object; returns how to delete it.
        func create(_ number: Int, for execution: Target, in server: ClusterServer) -> () -> Void {
            let namespace = self == .otherNamespace ? "attack" : execution.namespace
            let runName = ClusterServer.runName(execution.name, in: execution.namespace)
            let name = self == .otherName ? "x\(number)-\(runName)" : runName
            let engine = self == .otherEngine ? EngineName.argo : .tekton
            let owner: String? =
                switch self {
                case .noOwner: nil
                case .otherOwner: "00000000-0000-4000-8000-00000000000\(number % 10)"
                default: ClusterServer.uid(execution.namespace, execution.name)
                }
            server.addLabeled(
                name, in: namespace, of: (execution.name, execution.namespace), ownedBy: owner, engine: engine)
            return { server.deleteRun(named: name, in: namespace, engine: engine) }
        }
    }

    /// An execution that has no run, has a run, or has ended.
    struct Target {
        let name: String
        let namespace: String

        static let waiting = Target(name: "waiting", namespace: "stuck")
        static let running = Target(name: "running", namespace: "payments")
        static let ended = Target(name: "ended", namespace: "payments")
    }

    @Test(arguments: Forgery.allCases)
    func `creating and deleting objects with an execution's label leaves nothing behind`(_ forgery: Forgery)
        async throws
    {
        let controller = Locked<ExecutionController?>(nil)
        let bench = ClusterBench { server, now in
            server.trouble(.create, in: "stuck", .refused(ClusterServer.quotaIsFull))
            for target in [Target.waiting, .running, .ended] { server.add(target.name, in: target.namespace, at: now) }
        } started: { started in
            controller.withLock { $0 = started }
        }
        await bench.pass(.seconds(5)) {
            ["running", "ended"].allSatisfy { bench.server.verdict($0, in: "payments").hasPrefix("Running") }
        }
        bench.server.engineWrites(
            ["conditions": [Fixtures.condition("True", "Succeeded")]], "ended", in: "payments")
        await bench.pass(.seconds(20))
        try #require(bench.server.verdict("waiting", in: "stuck") == "Pending/QuotaExceeded")
        try #require(bench.server.verdict("running", in: "payments").hasPrefix("Running"))
        try #require(bench.server.verdict("ended", in: "payments").hasPrefix("Completed"))

        let started = try #require(controller.withLock { $0 })
        let (before, requests) = (started.remembered, bench.server.requestCount)
        // The other two have a run of this name.
        let isNameTaken = forgery == .otherOwner || forgery == .noOwner
        let targets: [Target] = isNameTaken ? [.waiting] : [.waiting, .running, .ended]
        for number in 0..<25 {
            for target in targets {
                let delete = forgery.create(number, for: target, in: bench.server)
                await bench.pass(.zero)
                delete()
                await bench.pass(.zero)
            }
        }
        #expect(started.remembered == before)
        #expect(bench.server.requestCount == requests, "no execution was queued")
        await bench.end()
    }

    @Test func `an execution is queued by its own run and by no other object`() throws {
        let executions = ExecutionCache(namespaces: [])
        let run = try Fixtures.pipelineRun()
        let stripped = try Fixtures.pipelineRun(metadata: ["ownerReferences": []])
        let other = try Fixtures.pipelineRun(uid: "aaaaaaaa-0000-4000-8000-000000000009")
        func isFound(_ run: EngineRun, engine: EngineName = .tekton) -> Bool {
            RunIdentity(run, of: engine).flatMap { executions.unfinishedExecution(of: $0) } != nil
        }
        executions.apply(Fixtures.execution())
        #expect(isFound(run))
        #expect(isFound(other), "it has the execution as its controller, and no run is known yet")
        #expect(!isFound(stripped))
        #expect(!isFound(run, engine: .argo))
        #expect(!isFound(try Fixtures.pipelineRun(metadata: ["name": "x-3f9c2a71d0"])))
        #expect(!isFound(try Fixtures.pipelineRun(metadata: ["namespace": "attack"])))
        #expect(!isFound(try Fixtures.pipelineRun(metadata: ["labels": [:]])))

        let known = ExecutionCache(namespaces: [])
        known.apply(Fixtures.execution(status: try Fixtures.running(run)))
        func isKnown(_ run: EngineRun) -> Bool {
            RunIdentity(run, of: .tekton).flatMap { known.unfinishedExecution(of: $0) } != nil
        }
        #expect(isKnown(run))
        #expect(isKnown(stripped), "the status says which run it is")
        #expect(!isKnown(other))
    }

    @Test func `a run that cannot be decoded queues only an execution that controls it`() throws {
        let executions = ExecutionCache(namespaces: [])
        let execution = Fixtures.execution()
        executions.apply(execution)
        func isFound(_ apiVersion: String, _ kind: String) -> Bool {
            var metadata = ObjectMetadata()
            metadata.namespace = execution.key.namespace
            metadata.name = execution.runName
            metadata.uid = "aaaaaaaa-0000-4000-8000-000000000009"
            metadata.labels = [Label(key: WellKnown.executionUIDLabel, value: execution.uid)]
            var owner = OwnerReference()
            (owner.apiVersion, owner.kind, owner.uid, owner.isController) = (apiVersion, kind, execution.uid, true)
            metadata.ownerReferences = [owner]
            return RunIdentity(UndecodableObject(metadata: metadata, error: "spec: broken"), of: .tekton)
                .flatMap { executions.unfinishedExecution(of: $0) } != nil
        }
        #expect(isFound("towline.dev/v1alpha1", "WorkflowExecution"))
        #expect(!isFound("example.com/v1", "WorkflowExecution"))
        #expect(!isFound("towline.dev/v1alpha1", "PipelineRun"))
    }

    /// Some tools remove owner references. The status then says which run it is.
    @Test func `a run that lost its owner reference is still followed`() async {
        let bench = ClusterBench { server, now in server.add("restart", in: "payments", at: now) }
        await bench.pass(.seconds(5)) { bench.server.verdict("restart", in: "payments").hasPrefix("Running") }
        bench.server.changeRun("restart", in: "payments") { $0[path: ["metadata", "ownerReferences"]] = [] }
        await bench.pass(.seconds(1))
        bench.server.engineWrites(
            ["conditions": [Fixtures.condition("True", "Succeeded")]], "restart", in: "payments")
        let delay = await bench.pass(.seconds(5)) {
            bench.server.verdict("restart", in: "payments").hasPrefix("Completed")
        }
        #expect(delay.map { $0 < .seconds(1) } == true, "the watch event queues the execution")
        await bench.end()
    }

    @Test func `the last state of a deleted run that lost its owner reference counts`() async {
        let bench = ClusterBench { server, now in server.add("restart", in: "payments", at: now) }
        await bench.pass(.seconds(5)) { bench.server.verdict("restart", in: "payments").hasPrefix("Running") }
        bench.server.trouble(.writeStatus, in: "payments", .refused(ClusterServer.isOverloaded))
        bench.server.changeRun("restart", in: "payments") { run in
            run[path: ["metadata", "ownerReferences"]] = []
            run["status"] = ["conditions": [Fixtures.condition("True", "Succeeded")]]
        }
        bench.server.deleteRun(named: ClusterServer.runName("restart", in: "payments"), in: "payments")
        await bench.pass(.seconds(1))
        bench.server.trouble(.writeStatus, in: "payments", nil)
        await bench.pass(.seconds(30)) { bench.server.verdict("restart", in: "payments").hasPrefix("Completed") }
        #expect(bench.server.verdict("restart", in: "payments") == "Completed/Succeeded")
        await bench.end()
    }

    @Test func `a remembered deletion of another run stays`() throws {
        let cache = RunCache(engine: EngineRegistry.engine(.tekton), namespaces: [])
        let (first, second) = (
            try Fixtures.pipelineRun(), try Fixtures.pipelineRun(uid: "aaaaaaaa-0000-4000-8000-000000000009")
        )
        cache.remember(deleted: first)
        cache.remember(deleted: second)
        cache.forgetDeletion(of: first)
        #expect(cache.lastState(of: first.key)?.uid == second.uid)
        cache.forgetDeletion(of: second)
        #expect(cache.rememberedCount == 0)
    }
}
