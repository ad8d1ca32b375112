package import APIServer
import KubeClient
package import KubeRuntime

/// A stand-in for Tekton's controller: carries PipelineRuns through and writes what the real one writes.
///
/// It needs the resources of `tekton.dev/v1` to be served and waits until they are. Annotations of the Pipeline decide
/// how long its tasks take and how they end. No container runs.
package struct SimulatedTekton: Sendable {
    private let loop: RunDriver<SimulatedPipelineRun>
    private let catalog: PipelineCatalog

    /// `time` must run as the environment's clock does; without `writesPods` the tasks have no pods and no logs.
    package init(
        cluster: any SandboxCluster, environment: SandboxEnvironment, time: any TimeSource = SystemTime(),
        writesPods: Bool = true
    ) {
        let catalog = PipelineCatalog(cluster: cluster, environment: environment)
        self.catalog = catalog
        loop = RunDriver(
            Tekton.pipelineRuns, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(
                cluster: cluster, environment: environment, fieldManager: "tekton-pipelines-controller",
                writesPods: writesPods),
            lookUp: { await catalog.resolve($0) })
    }

    /// Works until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await catalog.run() }
            group.addTask { await loop.run(workers: 8) }
        }
    }
}

/// Names and standing values of Tekton's API.
package enum Tekton {
    static let pipelineRuns = resource("pipelineruns")
    static let taskRuns = resource("taskruns")
    static let pipelines = resource("pipelines")
    static let tasks = resource("tasks")
    package static let apiVersion = "tekton.dev/v1"

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
