import Engines
import KubeClient
import Testing

@testable import Executions
@testable import KubeRuntime

/// What the cache of runs says without asking the API server.
@Suite struct RunCacheTests {
    private func knowledge(_ cache: RunCache, _ run: EngineRun) -> String {
        switch cache.knowledge(of: run.key) {
        case .present: "present"
        case .unknown: "unknown"
        case .deleted: "deleted"
        case .engineNotFollowed: "not followed"
        case .absent, .engineMissing, .unreadable: "else"
        }
    }

    @Test func `knows nothing about runs of a type that is no longer served`() throws {
        let cache = RunCache(engine: EngineRegistry.engine(.tekton), namespaces: [])
        let run = try Fixtures.pipelineRun()
        cache.apply(run)
        #expect(knowledge(cache, run) == "present")
        let store = try #require(cache.stores.store(for: "payments"))
        _ = store.update { store, changes in store.markUnavailable("404 page not found", into: &changes) }
        #expect(!cache.isServed(in: "payments"))
        #expect(knowledge(cache, run) == "unknown")
    }

    @Test func `knows nothing about runs of an engine that is not followed`() throws {
        let cache = RunCache(engine: EngineRegistry.engine(.tekton), namespaces: [], isFollowed: false)
        #expect(knowledge(cache, try Fixtures.pipelineRun()) == "not followed")
    }

    @Test func `a create is delayed until the time of the server has passed`() throws {
        let cache = RunCache(engine: EngineRegistry.engine(.tekton), namespaces: [])
        let key = ObjectKey(namespace: "payments", name: "r")
        cache.delayCreate(of: key, for: .seconds(10), at: Fixtures.instant)
        #expect(cache.createDelay(of: key, at: Fixtures.instant + .seconds(4)) == .seconds(6))
        #expect(cache.createDelay(of: key, at: Fixtures.instant + .seconds(10)) == nil)
        #expect(cache.createDelay(of: ObjectKey(namespace: "payments", name: "s"), at: Fixtures.instant) == nil)
    }

    @Test func `delays of creates end with their time or their execution`() {
        let cache = RunCache(engine: EngineRegistry.engine(.tekton), namespaces: [])
        for second in 0..<2_000 {
            let key = ObjectKey(namespace: "payments", name: "r\(second)")
            cache.delayCreate(of: key, for: .seconds(1_000_000), at: Fixtures.instant + .seconds(second))
        }
        #expect(cache.rememberedCount <= 1_024, "a server can ask for five minutes at most")
        let key = ObjectKey(namespace: "payments", name: "r1999")
        let before = cache.rememberedCount
        cache.forget(key)
        #expect(cache.rememberedCount == before - 1)
    }

    /// An overloaded API server delays the creates of all executions.
    @Test func `a burst of delayed creates takes time proportional to their number`() {
        let cache = RunCache(engine: EngineRegistry.engine(.tekton), namespaces: [])
        for number in 0..<20_000 {
            let key = ObjectKey(namespace: "payments", name: "r\(number)")
            cache.delayCreate(of: key, for: .seconds(60), at: Fixtures.instant)
        }
        #expect(cache.rememberedCount == 20_000, "each of them still delays a create")
        #expect(cache.delayVisits < 2 * 20_000)
    }
}
