import Engines
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

/// Deleted executions cost nothing, regardless of the state in which they were deleted.
@Suite(.timeLimit(.minutes(2))) struct DeletedExecutionTests {
    /// What an execution was doing when it was deleted.
    enum Stage: String, CaseIterable, CustomTestStringConvertible {
        case notCreated
        case createLost
        case running
        case stopRefused
        case ended

        var testDescription: String { rawValue }
    }

    private func create(_ name: String, _ number: Int, _ stage: Stage, _ bench: ClusterBench) async {
        let server = bench.server
        // Each ends its wait before the one before it.
        var config: JSONObject = ["timeoutSeconds": .integer(Int64(1_000_000 - 1_000 * number))]
        if stage == .ended { config["ttlSecondsAfterFinished"] = .integer(Int64(1_000_000 - 1_000 * number)) }
        server.add(name, in: "payments", at: bench.clock.now(), spec: ["executionConfig": .object(config)])
        switch stage {
        case .notCreated, .createLost: await bench.pass(.milliseconds(100))
        case .running: await bench.pass(.seconds(5)) { server.verdict(name, in: "payments").hasPrefix("Running") }
        case .stopRefused:
            await bench.pass(.seconds(5)) { server.verdict(name, in: "payments").hasPrefix("Running") }
            server.change(name, in: "payments") { $0[path: ["spec", "shutdown"]] = "Terminate" }
            await bench.pass(.milliseconds(200))
        case .ended:
            await bench.pass(.seconds(5)) { server.verdict(name, in: "payments").hasPrefix("Running") }
            server.engineWrites(["conditions": [Fixtures.condition("True", "Succeeded")]], name, in: "payments")
            await bench.pass(.seconds(5)) { server.verdict(name, in: "payments").hasPrefix("Completed") }
        }
    }

    @Test(arguments: Stage.allCases)
    func `creating and deleting executions leaves nothing behind`(_ stage: Stage) async throws {
        let controller = Locked<ExecutionController?>(nil)
        let bench = ClusterBench { server, _ in
            switch stage {
            case .notCreated: server.trouble(.create, .refused(ClusterServer.quotaIsFull))
            case .createLost: server.trouble(.create, .unreachable)
            case .stopRefused: server.trouble(.stopRun, .refused(ClusterServer.isOverloaded))
            case .running, .ended: break
            }
        } started: { started in
            controller.withLock { $0 = started }
        }
        await bench.pass(.seconds(1))
        let started = try #require(controller.withLock { $0 })
        let (before, timers) = (started.remembered, bench.time.scheduledCount)
        for number in 0..<10 {
            let name = "attack-\(number)"
            await create(name, number, stage, bench)
            bench.server.delete(name, in: "payments")
            await bench.pass(.zero)
            // As the garbage collector does.
            bench.server.deleteRun(named: ClusterServer.runName(name, in: "payments"), in: "payments")
            await bench.pass(.zero)
        }
        // Requests that were under way end, and backoffs of workers that had an execution when it was deleted.
        await bench.pass(.seconds(15))
        #expect(started.remembered == before)
        #expect(bench.time.scheduledCount <= timers + 1, "at most one more timer, and not one for each execution")
        await bench.end()
    }
}

extension ExecutionController {
    /// How much is remembered, by place.
    var remembered: [String: Int] {
        let executions = reconciler.executions
        var counts = [
            "queue": queue.count,
            "index": executions.indexedCount,
            "expiries": executions.expiries.waitingCount,
            "verified runs": executions.freshness.lanes.map(\.count).reduce(0, +),
            "pending creates": reconciler.pendingCreates.count,
            "creates": reconciler.creates.rememberedCount,
            "failing": reconciler.recovery.count,
            "executions": executions.stores.scopes.map(\.store.count).reduce(0, +),
        ]
        for (engine, cache) in reconciler.runs {
            counts["\(engine.rawValue) runs"] = cache.stores.scopes.map(\.store.count).reduce(0, +)
            counts["\(engine.rawValue) facts"] = cache.rememberedCount
        }
        return counts
    }
}
