package import APIServer
import KubeClient
package import KubeRuntime

/// Simulates Tekton's controller: advances PipelineRuns and writes the statuses that the real one writes.
///
/// It waits until the API server serves `tekton.dev/v1`. Annotations of the Pipeline set how long its tasks take and
/// how they end. No container runs.
package struct SimulatedTekton: Sendable {
    private let loop: RunDriver<SimulatedPipelineRun>
    private let catalog: PipelineCatalog
    private let kueue: SimulatedKueue

    /// Installs the admission webhooks of Tekton and Kueue in the cluster.
    ///
    /// `time` must advance with the environment's clock. If `writesPods` is false, there are no pods and no logs.
    package init(
        cluster: any SandboxCluster, environment: SandboxEnvironment, time: any TimeSource = SystemTime(),
        writesPods: Bool = true
    ) {
        let catalog = PipelineCatalog(cluster: cluster, environment: environment)
        self.catalog = catalog
        cluster.install(TektonAdmission.webhook)
        kueue = SimulatedKueue(cluster: cluster, environment: environment, time: time)
        loop = RunDriver(
            Tekton.pipelineRuns, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(
                cluster: cluster, environment: environment, fieldManager: "tekton-pipelines-controller",
                writesPods: writesPods),
            lookUp: { await catalog.resolve($0) })
    }

    /// Runs until the task is canceled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await catalog.run() }
            group.addTask { await kueue.run() }
            group.addTask { await loop.run(workers: 8) }
        }
    }
}

/// Names and defaults of Tekton's API.
enum Tekton {
    static let pipelineRuns = resource("pipelineruns")
    static let taskRuns = resource("taskruns")
    static let pipelines = resource("pipelines")
    static let tasks = resource("tasks")
    static let apiVersion = "tekton.dev/v1"
    /// The value of `spec.status` that holds a run back.
    static let pending = "PipelineRunPending"

    private static func resource(_ name: String) -> GroupVersionResource {
        GroupVersionResource(group: "tekton.dev", version: "v1", resource: name)
    }

    /// Tekton's default timeout of a run.
    static let defaultTimeout = Duration.seconds(3600)

    /// Tekton's feature flags, as it records them in every status.
    static let featureFlags: JSONValue = [
        "awaitSidecarReadiness": true, "coschedule": "workspaces", "enableAPIFields": "beta",
        "enableProvenanceInStatus": true, "enforceNonfalsifiability": "none", "maxResultSize": 4096,
        "resultExtractionMethod": "termination-message", "runningInEnvWithInjectedSidecars": true,
        "sendCloudEventsForRuns": true, "verificationNoMatchPolicy": "ignore",
    ]
}

/// The `Succeeded` condition of a PipelineRun or TaskRun.
struct TektonCondition: Hashable, Sendable {
    enum Status: String, Sendable {
        case succeeded = "True"
        case failed = "False"
        case unfinished = "Unknown"
    }

    var status: Status
    var reason: String
    var message: String

    /// Stores this as the only condition of a status; the transition time changes if any field changes.
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
