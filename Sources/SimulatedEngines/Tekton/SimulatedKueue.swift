import APIServer
import KubeClient
import KubeRuntime

/// Simulates Kueue for PipelineRuns: a run with a queue's name is held at its creation and released after a delay.
///
/// The annotation ``annotation`` of the run's Pipeline, or of its namespace, says that Kueue is there and how long runs
/// wait. There are no workloads, quotas, or priorities. Only an API server in the same process holds runs.
struct SimulatedKueue: Sendable {
    static let annotation = Behavior.prefix + "queue-delay"
    /// The label with the name of the queue.
    static let queueLabel = "kueue.x-k8s.io/queue-name"

    private let loop: RunDriver<QueuedRun>

    /// Installs the webhook that holds runs.
    init(cluster: any SandboxCluster, environment: SandboxEnvironment, time: any TimeSource) {
        cluster.install(Self.webhook)
        loop = RunDriver(
            Tekton.pipelineRuns, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(
                cluster: cluster, environment: environment, fieldManager: "kueue-controller", writesPods: false),
            lookUp: { run in
                for place in Self.places(of: run) {
                    let object = try? await cluster.get(place.resource, namespace: place.namespace, name: place.name)
                    if let delay = object.flatMap(Self.delay) { return delay }
                }
                return nil
            })
    }

    /// Runs until the task is canceled.
    func run() async {
        await loop.run(workers: 1)
    }

    static var webhook: AdmissionWebhook {
        var webhook = AdmissionWebhook(name: "pipeline-kueue-defaulter.tekton-kueue.io", resource: Tekton.pipelineRuns)
        webhook.mutate = { run, find in
            guard isQueued(run), run[path: ["spec", "status"]] == nil else { return }
            let isHeld = places(of: run).contains { place in
                find(place.resource, place.namespace, place.name).flatMap(delay) != nil
            }
            if isHeld { run[path: ["spec", "status"]] = .string(Tekton.pending) }
        }
        return webhook
    }

    static func isQueued(_ run: JSONValue) -> Bool {
        run.metadata["labels"]?[queueLabel]?.stringValue?.isEmpty == false
    }

    private struct Place {
        let resource: GroupVersionResource
        let namespace: String
        let name: String
    }

    /// The objects that may have the annotation: the Pipeline if the run names one, then the namespace.
    private static func places(of run: JSONValue) -> [Place] {
        let namespace = run.metadata.text("namespace")
        let name = run[path: ["spec", "pipelineRef", "name"]]?.stringValue ?? ""
        let namespaces = GroupVersionResource(group: "", version: "v1", resource: "namespaces")
        return (name.isEmpty ? [] : [Place(resource: Tekton.pipelines, namespace: namespace, name: name)])
            + [Place(resource: namespaces, namespace: "", name: namespace)]
    }

    private static func delay(_ object: JSONValue) -> Delay? {
        (object.metadata["annotations"]?[annotation]?.stringValue).flatMap(Delay.init)
    }
}

/// A run that waits in a queue until it is released, or until a user asks for something else.
struct QueuedRun: SimulatedRun {
    private enum Stage: Sendable {
        case arrived
        case resolving
        case waiting(Delay?)
        case releasing(at: Timestamp)
        case done
    }

    private let run: JSONValue
    private var stage = Stage.arrived

    init?(_ object: JSONValue) {
        guard SimulatedKueue.isQueued(object), Self.request(in: object) == Tekton.pending else { return nil }
        run = object
    }

    static func request(in object: JSONValue) -> String {
        object[path: ["spec", "status"]]?.stringValue ?? ""
    }

    mutating func observe(_ request: String) {
        if request != Tekton.pending { stage = .done }
    }

    mutating func resolve(_ delay: Delay?) {
        stage = .waiting(delay)
    }

    mutating func created(_ object: JSONValue) {}

    mutating func advance(to now: Timestamp) -> [RunAction<JSONValue>] {
        switch stage {
        case .arrived:
            stage = .resolving
            return [.resolve(run)]
        case .waiting(let delay):
            stage = delay?.due(after: now).time.map { .releasing(at: $0) } ?? .done
            return []
        case .releasing(let time) where time <= now:
            stage = .done
            return [
                .write(
                    .patch(
                        Tekton.pipelineRuns, namespace: run.metadata.text("namespace"), name: run.metadata.text("name"),
                        ["metadata": ["uid": .string(run.uid)], "spec": ["status": .null]], subresource: nil))
            ]
        case .resolving, .releasing, .done: return []
        }
    }

    var wakeTime: Timestamp? {
        switch stage {
        case .releasing(let time): time
        case .waiting: .earliest
        case .arrived, .resolving, .done: nil
        }
    }

    var isFinished: Bool {
        if case .done = stage { true } else { false }
    }
}
