import Engines
import Exposition
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

@Suite struct ExecutionMetricsTests {
    private let registry = MetricsRegistry()

    private func page() throws -> Exposition {
        try Exposition(String(decoding: registry.exposition(), as: UTF8.self))
    }

    private func status(_ reason: Reason, started: ServerTime? = Fixtures.start, lasting: Duration = .seconds(90))
        -> ExecutionStatus
    {
        var status = ExecutionStatus()
        status.reason = reason
        status.outcome = reason.outcome
        status.engine = .argo
        status.startedAt = started
        status.finishedAt = Fixtures.start + lasting
        return status
    }

    @Test func `exposes a series for every reason from the start`() throws {
        _ = ExecutionMetrics(registry: registry)
        let page = try page()
        for engine in EngineName.allCases {
            for reason in Reason.allCases {
                let value = page.value(
                    "towline_execution_total",
                    [
                        "engine": engine.rawValue, "reason": reason.rawValue,
                        "outcome": reason.outcome?.rawValue ?? "none",
                    ])
                #expect(value == (reason.outcome == nil ? nil : 0), "\(reason)")
            }
            #expect(
                page.value(
                    "towline_run_create_errors_total", ["engine": engine.rawValue, "reason": "AlreadyExists"]) == 0)
            #expect(page.value("towline_detection_lag_seconds_count", ["engine": engine.rawValue]) == 0)
        }
    }

    @Test func `counts and measures an end`() throws {
        let metrics = ExecutionMetrics(registry: registry)
        let end = Fixtures.start + .seconds(90)
        metrics.finished(status(.stepFailed), runEnd: EngineTime(assuming: end), now: end + .milliseconds(1250))
        let page = try page()
        let labels = ["engine": "argo", "outcome": "Failed"]
        #expect(
            page.value("towline_execution_total", labels.merging(["reason": "StepFailed"]) { $1 }) == 1)
        #expect(page.value("towline_execution_duration_seconds_sum", labels) == 90)
        #expect(page.value("towline_detection_lag_seconds_sum", ["engine": "argo"]) == 1.25)
    }

    @Test func `clock skew does not make the lag negative`() throws {
        let metrics = ExecutionMetrics(registry: registry)
        metrics.finished(
            status(.succeeded), runEnd: EngineTime(assuming: Fixtures.start) + .seconds(3600), now: Fixtures.start)
        #expect(try page().value("towline_detection_lag_seconds_sum", ["engine": "argo"]) == 0)
        #expect(try page().value("towline_detection_lag_seconds_count", ["engine": "argo"]) == 1)
    }

    @Test func `an execution that never ran has neither duration nor lag`() throws {
        let metrics = ExecutionMetrics(registry: registry)
        metrics.finished(status(.policyDenied, started: nil), runEnd: nil, now: Fixtures.start)
        let labels = ["engine": "argo", "outcome": "Error"]
        #expect(
            try page().value("towline_execution_total", labels.merging(["reason": "PolicyDenied"]) { $1 }) == 1)
        #expect(try page().value("towline_execution_duration_seconds_count", labels) == 0)
        #expect(try page().value("towline_detection_lag_seconds_count", ["engine": "argo"]) == 0)
    }

    /// What servers, policies and users write goes into messages, and never into a label.
    @Test func `outside text never becomes a label`() throws {
        let metrics = ExecutionMetrics(registry: registry)
        let before = try page().families.map { $0.samples.map(\.labels) }
        let text = "outside \"text\""
        for code in [400, 401, 403, 404, 405, 409, 422, 429, 500, 503, 504, 999] {
            for reason in [text, "Conflict", "AlreadyExists"] {
                var answer = APIStatus(code: code, reason: reason, message: text)
                answer.details.kind = text
                for engine in EngineName.allCases {
                    let engineType = EngineRegistry.engine(engine)
                    metrics.createFailed(engine, CreateFailure(.status(answer), creatingRunOf: engineType))
                }
            }
        }
        for reason in Reason.allCases where reason.outcome != nil {
            var status = status(reason)
            status.engine = .tekton
            (status.message, status.engineReason) = (text, text)
            metrics.finished(status, runEnd: EngineTime(assuming: Fixtures.start), now: Fixtures.start)
        }
        #expect(try page().families.map { $0.samples.map(\.labels) } == before, "no series came that was not there")
    }
}
