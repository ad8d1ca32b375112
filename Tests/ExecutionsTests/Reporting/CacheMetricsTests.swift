import Engines
import Exposition
import KubeClient
import Testing
import TowlineAPI

@testable import Executions
@testable import KubeRuntime

@Suite struct CacheMetricsTests {
    private let registry = MetricsRegistry()

    private func page() throws -> Exposition {
        try Exposition(String(decoding: registry.exposition(), as: UTF8.self))
    }

    private func execution(_ name: String, in namespace: String, _ engine: EngineName, _ phase: Phase)
        -> WorkflowExecution
    {
        var status = ExecutionStatus()
        status.phase = phase
        status.engine = engine
        // As a store keeps it: of what has ended, the spec is gone.
        let spec =
            phase.isTerminal ? nil : ExecutionSpec(workflowRef: WorkflowReference(workflowId: "w", engine: engine))
        return WorkflowExecution(
            key: ObjectKey(namespace: namespace, name: name), uid: "\(namespace)/\(name)",
            resourceVersion: ResourceVersion("1"), spec: spec, status: status)
    }

    private func settle<Object>(_ stores: ScopedStores<Object>) {
        for (_, store) in stores.scopes {
            store.update { state, changes in
                state.beginRelist(isConsistent: true)
                state.finishRelist(ResourceVersion("1"), into: &changes)
            }
        }
    }

    @Test func `counts the executions of all namespaces by engine and phase`() throws {
        let executions = ExecutionCache(namespaces: ["a", "b"])
        CacheMetrics.register(in: registry, executions: executions, runs: [:])
        func count(_ engine: String, _ phase: String) throws -> Double? {
            try page().value("towline_executions", ["engine": engine, "phase": phase])
        }
        #expect(try page().family("towline_executions")?.samples.count == 12)
        #expect(try count("tekton", "Pending") == 0)
        for (index, namespace) in ["a", "a", "b", "elsewhere"].enumerated() {
            executions.apply(execution("x\(index)", in: namespace, .argo, .running))
        }
        executions.apply(execution("y", in: "b", .tekton, .failed))
        #expect(try count("argo", "Running") == 3)
        #expect(try count("tekton", "Failed") == 1)
        #expect(try count("tekton", "Running") == 0)
    }

    @Test func `a namespace that is given twice counts once`() throws {
        let configuration = ExecutionConfiguration(namespaces: ["b", "a", "b"])
        #expect(configuration.namespaces == ["b", "a"])
    }

    @Test func `an engine is available once its runs are listed in all namespaces`() throws {
        let cache = RunCache(engine: EngineRegistry.engine(.argo), namespaces: ["a", "b"])
        CacheMetrics.register(in: registry, executions: ExecutionCache(namespaces: []), runs: [.argo: cache])
        func isAvailable() throws -> Bool {
            try page().value("towline_engine_available", ["engine": "argo"]) == 1
        }
        #expect(try !isAvailable(), "not before it is known")
        settle(cache.stores)
        #expect(try isAvailable())
        cache.stores.scopes.last?.store.noteFailures(3)
        #expect(try !isAvailable(), "lists and watches fail")
        cache.stores.scopes.last?.store.noteFailures(0)
        #expect(try isAvailable())
        cache.stores.scopes.last?.store.update { state, changes in state.markUnavailable("gone", into: &changes) }
        #expect(try !isAvailable())
    }

    @Test func `an engine that is not served has no availability`() throws {
        let runs = [EngineName.tekton, .argo].map { name in
            (name, RunCache(engine: EngineRegistry.engine(name), namespaces: [], isFollowed: name == .argo))
        }
        CacheMetrics.register(
            in: registry, executions: ExecutionCache(namespaces: []), runs: Dictionary(uniqueKeysWithValues: runs))
        #expect(try page().value("towline_engine_available", ["engine": "argo"]) == 0)
        #expect(try page().value("towline_engine_available", ["engine": "tekton"]) == nil)
    }

    /// Ten thousand finished executions must not make a scrape expensive; the bound is generous for a busy machine.
    @Test func `a scrape of ten thousand executions is cheap`() throws {
        let executions = ExecutionCache(namespaces: [])
        CacheMetrics.register(in: registry, executions: executions, runs: [:])
        for index in 0..<10_000 { executions.apply(execution("x\(index)", in: "n", .tekton, .completed)) }
        let start = ContinuousClock.now
        let bytes = registry.exposition()
        #expect(start.duration(to: .now) < .seconds(1))
        #expect(String(decoding: bytes, as: UTF8.self).contains(#"phase="Completed"} 10000"#))
    }
}
