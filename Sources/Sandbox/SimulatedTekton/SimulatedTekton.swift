import KubeClient
public import KubeRuntime

/// A stand-in for Tekton's controller: carries PipelineRuns through and writes what the real one writes.
///
/// It needs the resources of `tekton.dev/v1` to be served and waits until they are. Annotations of the Pipeline decide
/// how long its tasks take and how they end. No container runs.
public struct SimulatedTekton: Sendable {
    private let loop: RunLoop<SimulatedPipelineRun>
    private let catalogue: PipelineCatalogue

    /// `time` must run as the environment's clock does; without `writesPods` the tasks have no pods and no logs.
    public init(
        cluster: any SandboxCluster, environment: SandboxEnvironment, time: any TimeSource = SystemTime(),
        writesPods: Bool = true
    ) {
        let catalogue = PipelineCatalogue(cluster: cluster, environment: environment)
        self.catalogue = catalogue
        loop = RunLoop(
            Tekton.pipelineRuns, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(
                cluster: cluster, environment: environment, fieldManager: "tekton-pipelines-controller",
                writesPods: writesPods),
            lookUp: { await catalogue.resolve($0) })
    }

    /// Works until the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await catalogue.run() }
            group.addTask { await loop.run(workers: 8) }
        }
    }
}
