import Exposition
import Testing

@testable import KubeRuntime

@Suite struct ReconcileMetricsTests {
    private let registry = MetricsRegistry()
    private let labels = ["controller": "workflowexecution"]

    private func value(_ name: String, _ more: [String: String] = [:]) throws -> Double? {
        try Exposition(String(decoding: registry.exposition(), as: UTF8.self))
            .value("controller_runtime_\(name)", labels.merging(more) { $1 })
    }

    @Test func `exposes all series from the start`() throws {
        _ = ReconcileMetrics(registry: registry, controller: "workflowexecution", workers: 7)
        for result in ["success", "error", "requeue", "requeue_after"] {
            #expect(try value("reconcile_total", ["result": result]) == 0)
        }
        for name in [
            "reconcile_errors_total", "terminal_reconcile_errors_total", "reconcile_panics_total",
            "reconcile_timeouts_total", "active_workers", "reconcile_time_seconds_count",
        ] {
            #expect(try value(name) == 0, "\(name)")
        }
        #expect(try value("max_concurrent_reconciles") == 7)
    }

    @Test func `has the buckets of controller-runtime`() throws {
        _ = ReconcileMetrics(registry: registry, controller: "workflowexecution", workers: 1)
        let buckets = try #require(registry.descriptions.first { $0.name.hasSuffix("_time_seconds") }?.buckets)
        #expect(buckets.count == 40)
        #expect(buckets.first == 0.005)
        #expect(buckets.last == 60)
    }

    @Test(arguments: [
        (WorkOutcome.success, "success"), (.failed(), "error"), (.requeue(after: .zero), "requeue"),
        (.requeue(after: .seconds(1)), "requeue_after"), (.waiting(retryAfter: .zero), "requeue_after"),
    ])
    func `counts each outcome once`(outcome: WorkOutcome, result: String) throws {
        let metrics = ReconcileMetrics(registry: registry, controller: "workflowexecution", workers: 1)
        metrics.began()
        #expect(try value("active_workers") == 1)
        metrics.ended(outcome, after: .milliseconds(500))
        #expect(try value("active_workers") == 0)
        #expect(try value("reconcile_total", ["result": result]) == 1)
        #expect(try value("reconcile_errors_total") == (result == "error" ? 1 : 0))
        #expect(try value("reconcile_time_seconds_sum") == 0.5)
    }
}
