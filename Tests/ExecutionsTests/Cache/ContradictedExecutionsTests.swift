import Engines
import KubeClient
import Status
import Testing
import TowlineAPI

@testable import Executions
@testable import KubeRuntime

/// Which finished executions are checked after a start: only those whose run was deleted or continued.
@Suite struct ContradictedExecutionsTests {
    private let executions = ExecutionCache(namespaces: [])
    private let runs = RunCache(engine: EngineRegistry.engine(.tekton), namespaces: [])
    private let done = Fixtures.condition("True", "Succeeded")

    private func status(_ more: [ExecutionEvent] = []) throws -> ExecutionStatus {
        let run = try Fixtures.pipelineRun(condition: done)
        let status = try #require(Fixtures.situation(Fixtures.execution(), run: .present(run)).next().status)
        return status.after(more, generation: 1, now: Fixtures.start) ?? status
    }

    private func fill<Object>(_ stores: ScopedStores<Object>, _ objects: [Object]) {
        for (_, store) in stores.scopes {
            store.update { state, changes in
                state.beginRelist(isConsistent: true)
                for object in objects { state.put(object, into: &changes) }
                state.finishRelist(ResourceVersion("100"), into: &changes)
            }
        }
    }

    private var contradicted: [ObjectKey] { executions.contradicted(in: nil, by: runs) }

    @Test func `a missing run is a contradiction once both caches are filled`() throws {
        let execution = Fixtures.execution(status: try status())
        #expect(contradicted == [])
        fill(executions.stores, [execution])
        #expect(contradicted == [], "a store that is still being filled proves nothing")
        fill(runs.stores, [])
        #expect(contradicted == [execution.key])
    }

    /// Its run was deleted, and the operator stopped before it could remove the condition.
    @Test func `checks executions that are kept beyond their TTL after a start`() throws {
        let retained = ExecutionEvent.conditionSet(
            .retained, .true, reason: .retention(.keptByAnnotation), message: "kept")
        let gone = ExecutionEvent.conditionSet(
            .runPresent, .false, reason: .retention(.runExpired), message: "gone")
        fill(executions.stores, [Fixtures.execution(status: try status([gone]))])
        #expect(executions.keysThatNeedWork == [])
        let execution = Fixtures.execution(status: try status([retained, gone]))
        fill(executions.stores, [])
        fill(executions.stores, [execution])
        #expect(executions.keysThatNeedWork == [execution.key])
        #expect(Fixtures.situation(execution, run: .unknown).next().status?.condition(.retained) == nil)
    }

    @Test func `a missing engine is not a contradiction`() throws {
        fill(executions.stores, [Fixtures.execution(status: try status())])
        fill(runs.stores, [])
        for (_, store) in runs.stores.scopes {
            store.update { state, changes in state.markUnavailable("gone", into: &changes) }
        }
        #expect(contradicted == [])
    }

    @Test func `a run that matches the status is not a contradiction`() throws {
        fill(executions.stores, [Fixtures.execution(status: try status())])
        fill(runs.stores, [try Fixtures.pipelineRun(condition: done)])
        #expect(contradicted == [])
    }

    @Test func `a run that is reported as gone is not a contradiction`() throws {
        let gone = ExecutionEvent.conditionSet(.runPresent, .false, reason: .general(.runDeleted), message: "")
        fill(executions.stores, [Fixtures.execution(status: try status([gone]))])
        fill(runs.stores, [])
        #expect(executions.stores.scopes.map(\.store.count) == [1])
        #expect(contradicted == [])
    }

    @Test func `a run that is still running is a contradiction`() throws {
        let execution = Fixtures.execution(status: try status())
        fill(executions.stores, [execution])
        fill(runs.stores, [try Fixtures.pipelineRun(condition: Fixtures.condition("Unknown", "Running"))])
        #expect(contradicted == [execution.key])
        #expect(executions.contradicted(in: "elsewhere", by: runs) == [])
        let argo = RunCache(engine: EngineRegistry.engine(.argo), namespaces: [])
        fill(argo.stores, [])
        #expect(executions.contradicted(in: nil, by: argo) == [], "it is not Argo's")
    }

    @Test func `only ended executions with a run are found by it`() throws {
        let run = try #require(RunIdentity(try Fixtures.pipelineRun(), of: .tekton))
        let running = Fixtures.execution(status: try Fixtures.running(try Fixtures.pipelineRun()))
        executions.apply(running)
        #expect(executions.unfinishedExecution(of: run)?.key == running.key)
        #expect(executions.endedExecution(of: run) == nil)
        let ended = Fixtures.execution(status: try status())
        for (_, store) in executions.stores.scopes {
            store.update { state, changes in
                state.beginRelist(isConsistent: true)
                state.finishRelist(ResourceVersion("8"), into: &changes)
                state.put(ended, into: &changes)
            }
        }
        _ = executions.follow(.changed(old: running, new: ended))
        #expect(executions.unfinishedExecution(of: run) == nil)
        #expect(executions.endedExecution(of: run)?.key == ended.key)
        _ = executions.follow(.deleted(ended))
        #expect(executions.endedExecution(of: run) == nil)
        #expect(executions.indexedCount == 0)
        let rejected = ExecutionStatus().after(
            .ended(.rejected, message: "", engine: .tekton), generation: 1, now: Fixtures.start)
        executions.apply(Fixtures.execution(status: try #require(rejected)))
        #expect(executions.indexedCount == 0)
    }
}
