import KubeClient

/// Names and standing values of Tekton's API.
enum Tekton {
    static let pipelineRuns = resource("pipelineruns")
    static let taskRuns = resource("taskruns")
    static let pipelines = resource("pipelines")
    static let tasks = resource("tasks")
    static let apiVersion = "tekton.dev/v1"

    private static func resource(_ name: String) -> GroupVersionResource {
        GroupVersionResource(group: "tekton.dev", version: "v1", resource: name)
    }

    /// How long a run may take that says nothing, by the engine's standard configuration.
    static let standardTimeout = Duration.seconds(3600)

    /// The engine's switches at the time of a run, as it notes them in every status.
    static let featureFlags: JSONValue = [
        "awaitSidecarReadiness": true, "coschedule": "workspaces", "enableAPIFields": "beta",
        "enableProvenanceInStatus": true, "enforceNonfalsifiability": "none", "maxResultSize": 4096,
        "resultExtractionMethod": "termination-message", "runningInEnvWithInjectedSidecars": true,
        "sendCloudEventsForRuns": true, "verificationNoMatchPolicy": "ignore",
    ]
}

/// The condition `Succeeded` of a PipelineRun or TaskRun.
struct TektonCondition: Hashable, Sendable {
    enum Status: String, Sendable {
        case succeeded = "True"
        case failed = "False"
        case unfinished = "Unknown"
    }

    var status: Status
    var reason: String
    var message: String

    /// Becomes the only condition of a status; its transition time moves when anything in it changes.
    func store(in status: inout JSONObject, at now: Timestamp) {
        let old = status["conditions"]?[0]
        if old?["status"]?.stringValue == self.status.rawValue, old?["reason"]?.stringValue == reason,
            old?["message"]?.stringValue == message
        {
            return
        }
        status["conditions"] = [
            [
                "type": "Succeeded", "status": .string(self.status.rawValue), "reason": .string(reason),
                "message": .string(message), "lastTransitionTime": .string(now.rfc3339),
            ]
        ]
    }
}
