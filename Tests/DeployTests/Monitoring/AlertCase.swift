/// Series over time, and whether they make an alert fire.
struct AlertCase: Sendable {
    let alert: String
    /// Series and values, one per minute, in promtool's notation.
    let series: [String: String]
    let minutes: Int
    let fires: Bool

    init(_ alert: String, after minutes: Int, fires: Bool = true, _ series: [String: String]) {
        self.alert = alert
        self.series = series
        self.minutes = minutes
        self.fires = fires
    }

    private static let target = #"namespace="t",job="towline",instance="a:8080""#
    private static let build = ["towline_build_info{\(target)}": "1x120"]

    private static func own(_ series: [String: String]) -> [String: String] { series.merging(build) { $1 } }

    private static func restClient(_ code: String, _ job: String = "towline") -> String {
        #"rest_client_requests_total{namespace="t",job="\#(job)",instance="a:8080",code="\#(code)"}"#
    }

    private static func reconciles(_ errors: String, _ all: String) -> [String: String] {
        [
            #"controller_runtime_reconcile_errors_total{namespace="t",controller="workflowexecution"}"#: errors,
            #"controller_runtime_reconcile_total{namespace="t",controller="workflowexecution",result="success"}"#: all,
        ]
    }

    private static func ends(_ failed: String, _ succeeded: String, _ cancelled: String = "0x120") -> [String: String] {
        let outcomes = ["Failed": failed, "Success": succeeded, "Cancelled": cancelled]
        return Dictionary(
            outcomes.map { (#"towline_execution_total{namespace="t",engine="argo",outcome="\#($0.key)"}"#, $0.value) },
            uniquingKeysWith: { $1 })
    }

    private static func lags(quick: String, all: String) -> [String: String] {
        let name = "towline_detection_lag_seconds_bucket"
        return [
            #"\#(name){namespace="t",engine="argo",le="1"}"#: quick,
            #"\#(name){namespace="t",engine="argo",le="60"}"#: all,
            #"\#(name){namespace="t",engine="argo",le="+Inf"}"#: all,
        ]
    }

    private static func engine(_ available: String, running: String) -> [String: String] {
        [
            #"towline_engine_available{namespace="t",pod="a",engine="argo"}"#: available,
            #"towline_executions{namespace="t",pod="a",engine="argo",phase="Running"}"#: running,
        ]
    }

    private static func verification(
        _ age: String, interval: String = "10x60", available: String = "1x60"
    ) -> [String: String] {
        [
            #"towline_run_verification_age_seconds{namespace="t",pod="a",engine="argo"}"#: age,
            #"towline_run_verification_age_seconds{namespace="t",pod="standby",engine="argo"}"#: "0x60",
            #"towline_run_verification_interval_seconds{namespace="t",pod="a"}"#: interval,
            #"towline_engine_available{namespace="t",pod="a",engine="argo"}"#: available,
        ]
    }

    private static func leads(_ one: String, _ two: String, by lease: String = "towline-operator") -> [String: String] {
        let other = #"namespace="t",job="towline",instance="b:8080""#
        return [
            #"leader_election_master_status{\#(target),name="\#(lease)"}"#: one,
            #"leader_election_master_status{\#(other),name="\#(lease)"}"#: two,
            "towline_build_info{\(other)}": "1x120",
        ]
    }

    private static func teardowns(_ failed: String, _ succeeded: String) -> [String: String] {
        let results = ["failed": failed, "succeeded": succeeded, "skipped": succeeded]
        return Dictionary(
            results.map { (#"towline_environment_teardowns_total{namespace="t",result="\#($0.key)"}"#, $0.value) },
            uniquingKeysWith: { $1 })
    }

    private static func delays(prompt: String, all: String) -> [String: String] {
        let name = "towline_environment_expiry_delay_seconds_bucket"
        return [
            #"\#(name){namespace="t",le="1"}"#: prompt, #"\#(name){namespace="t",le="60"}"#: all,
            #"\#(name){namespace="t",le="+Inf"}"#: all,
        ]
    }

    private static let crashLoop = 1...12

    static let all: [AlertCase] = [
        AlertCase("TowlineDown", after: 10, ["up": "1x120"]),
        AlertCase("TowlineDown", after: 10, fires: false, build),
        AlertCase("TowlineNoLeader", after: 5, own(leads("0x60", "0x60"))),
        AlertCase("TowlineNoLeader", after: 5, fires: false, own(leads("0x60", "1x60"))),
        AlertCase(
            "TowlineNoLeader", after: 5, fires: false,
            own([#"leader_election_master_status{namespace="t",job="other",instance="c",name="x"}"#: "0x60"])),
        AlertCase("TowlineRestarts", after: 59, own(["process_start_time_seconds{\(target)}": "0+1x120"])),
        AlertCase(
            "TowlineRestarts", after: 59, fires: false, own(["process_start_time_seconds{\(target)}": "1x60 2x60"])),
        // Up for one minute, then restarted after five.
        AlertCase(
            "TowlineRestarts", after: 59,
            [
                "towline_build_info{\(target)}": Self.crashLoop.map { _ in "1 stale _ _ _ _" }.joined(separator: " "),
                "process_start_time_seconds{\(target)}": Self.crashLoop.map { "\($0) stale _ _ _ _" }
                    .joined(separator: " "),
            ]),
        AlertCase("TowlineReconcileErrors", after: 40, reconciles("0+5x120", "0+10x120")),
        // A status patch of one of a few executions is rejected occasionally.
        AlertCase(
            "TowlineReconcileErrors", after: 60, fires: false,
            reconciles(
                (0..<12).map { "\($0)x9" }.joined(separator: " "), (0..<12).map { "\($0 * 2)x9" }.joined(separator: " ")
            )),
        AlertCase("TowlineReconcileErrors", after: 40, fires: false, reconciles("0+1x120", "0+10x120")),
        AlertCase("TowlineReconcileErrors", after: 40, fires: false, reconciles("0x120", "0x120")),
        AlertCase(
            "TowlineReconcileTimeouts", after: 20,
            [#"controller_runtime_reconcile_timeouts_total{namespace="t",controller="workflowexecution"}"#: "0x8 1x60"]),
        AlertCase(
            "TowlineReconcileTimeouts", after: 20, fires: false,
            [#"controller_runtime_reconcile_timeouts_total{namespace="t",controller="workflowexecution"}"#: "1x60"]),
        AlertCase("TowlineQueueBacklog", after: 20, [#"workqueue_depth{name="workflowexecution"}"#: "101x60"]),
        AlertCase(
            "TowlineQueueBacklog", after: 20, fires: false,
            [
                #"workqueue_depth{name="workflowexecution"}"#: "100x60",
                #"workqueue_depth{name="environment"}"#: "100x60",
            ]),
        AlertCase(
            "TowlineAPIErrors", after: 40,
            own([restClient("200"): "0+10x120", restClient("5xx"): "0+1x120", restClient("<error>"): "0+1x120"])),
        AlertCase(
            "TowlineAPIErrors", after: 40, fires: false,
            own([restClient("200"): "0+10x120", restClient("404"): "0+9x120", restClient("500", "other"): "0+9x120"])),
        AlertCase(
            "TowlineDefinitionMissing", after: 10,
            [
                #"reflector_available{type="workflowexecutions.towline.dev"}"#: "1x60",
                #"reflector_available{type="environments.towline.dev"}"#: "0x60",
            ]),
        AlertCase(
            "TowlineDefinitionMissing", after: 10, fires: false,
            [#"reflector_available{type="workflows.argoproj.io"}"#: "0x60"]),
        AlertCase(
            "TowlineCacheStale", after: 20, own(["reflector_consecutive_failures{\(target),type=\"x\"}": "0+1x60"])),
        AlertCase(
            "TowlineCacheStale", after: 20, fires: false,
            own(["reflector_consecutive_failures{\(target),type=\"x\"}": "2x60"])),
        AlertCase(
            "TowlineCacheStale", after: 20, fires: false, own([#"reflector_consecutive_failures{job="other"}"#: "9x60"])
        ),
        AlertCase("TowlineObjectsUnreadable", after: 20, [#"reflector_quarantined_objects{type="x"}"#: "1x60"]),
        AlertCase(
            "TowlineObjectsUnreadable", after: 20, fires: false, [#"reflector_quarantined_objects{type="x"}"#: "0x60"]),
        AlertCase("TowlineEngineUnavailable", after: 10, engine("0x60", running: "1x60")),
        AlertCase("TowlineEngineUnavailable", after: 10, fires: false, engine("0x60", running: "0x60")),
        AlertCase("TowlineEngineUnavailable", after: 10, fires: false, engine("1x60", running: "1x60")),
        AlertCase("TowlineVerificationStale", after: 10, verification("0+60x60")),
        AlertCase("TowlineVerificationStale", after: 10, fires: false, verification("59x60")),
        AlertCase("TowlineVerificationStale", after: 10, fires: false, verification("300x60", interval: "100x60")),
        // One slow request.
        AlertCase("TowlineVerificationStale", after: 10, fires: false, verification("9 9 9 9 9 9 9 9 70 9x60")),
        // TowlineEngineUnavailable covers this.
        AlertCase("TowlineVerificationStale", after: 10, fires: false, verification("0+60x60", available: "0x60")),
        AlertCase("TowlineExecutionFailureRate", after: 60, ends("0+1x120", "0x120")),
        AlertCase("TowlineExecutionFailureRate", after: 60, fires: false, ends("0+1x120", "0+2x120")),
        AlertCase("TowlineExecutionFailureRate", after: 60, fires: false, ends("0x20 2x100", "0x120")),
        AlertCase("TowlineExecutionFailureRate", after: 60, fires: false, ends("0x120", "0x120", "0+9x120")),
        AlertCase("TowlineDetectionLag", after: 40, lags(quick: "0x120", all: "0+1x120")),
        AlertCase("TowlineDetectionLag", after: 40, fires: false, lags(quick: "0+1x120", all: "0+1x120")),
        AlertCase("TowlineDetectionLag", after: 40, fires: false, lags(quick: "0x120", all: "0x120")),
        AlertCase(
            "TowlineRunCreateErrors", after: 40, [#"towline_run_create_errors_total{reason="Forbidden"}"#: "0+1x120"]),
        AlertCase(
            "TowlineRunCreateErrors", after: 40, fires: false,
            [#"towline_run_create_errors_total{reason="AlreadyExists"}"#: "0+1x120"]),
        AlertCase("TowlineTeardownFailed", after: 40, teardowns("0x20 1x100", "0+1x120")),
        AlertCase("TowlineTeardownFailed", after: 40, fires: false, teardowns("1x120", "0+1x120")),
        AlertCase("TowlineTeardownFailed", after: 100, fires: false, teardowns("0x20 1x100", "0+1x120")),
        AlertCase(
            "TowlineEnvironmentStuck", after: 20,
            [#"towline_environment_oldest_seconds{phase="Terminating"}"#: "7201x60"]),
        AlertCase(
            "TowlineEnvironmentStuck", after: 20, fires: false,
            [#"towline_environment_oldest_seconds{phase="Provisioning"}"#: "7200x60"]),
        AlertCase("TowlineExpiryDelay", after: 30, delays(prompt: "0x120", all: "0+1x120")),
        AlertCase("TowlineExpiryDelay", after: 30, fires: false, delays(prompt: "0+1x120", all: "0+1x120")),
        // Those that expired while no operator was running.
        AlertCase("TowlineExpiryDelay", after: 60, fires: false, delays(prompt: "0x120", all: "0x9 9x120")),
        AlertCase("TowlineEnvironmentExpiringSoon", after: 10, ["towline_environments_expiring_soon": "1x60"]),
        AlertCase(
            "TowlineEnvironmentExpiringSoon", after: 10, fires: false, ["towline_environments_expiring_soon": "0x60"]),
    ]
}
