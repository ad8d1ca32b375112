import KubeRuntime
import TowlineAPI

/// Metrics that are read from the caches at each scrape.
enum CacheMetrics {
    private struct Place: Hashable {
        /// Nil while the definition was not read.
        let engine: EngineName?
        let phase: Phase
    }

    static func register(in registry: MetricsRegistry, executions: ExecutionCache, runs: [EngineName: RunCache]) {
        registry.collectedGauge(
            "towline_executions",
            help: "Executions in the cache. Every replica reports all of them: use the maximum, not the sum.",
            labels: ["engine", "phase"]
        ) {
            samples(of: executions)
        }
        registry.collectedGauge(
            "towline_engine_available",
            help: "1 while the API server serves the engine's runs and they can be listed and watched.",
            labels: ["engine"]
        ) {
            runs.filter(\.value.isFollowed).map { engine, cache in
                let isAvailable = cache.stores.scopes.allSatisfy(\.store.isCurrent)
                return MetricSample(isAvailable ? 1 : 0, [engine.rawValue])
            }
        }
    }

    private static func samples(of executions: ExecutionCache) -> [MetricSample] {
        var counts: [Place: Int] = [:]
        for scope in executions.stores.scopes {
            let some = scope.store.counts { Place(engine: $0.engineName, phase: $0.status.phase) }
            counts.merge(some, uniquingKeysWith: +)
        }
        return (EngineName.allCases + [nil]).flatMap { engine in
            Phase.allCases.map { phase in
                let count = counts[Place(engine: engine, phase: phase)] ?? 0
                let name = engine?.rawValue ?? ExecutionMetrics.unknownEngine
                return MetricSample(Double(count), [name, phase.rawValue])
            }
        }
    }
}
