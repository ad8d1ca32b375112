public import KubeRuntime

/// The simulated controllers of both engines, acting on one cluster.
public struct SimulatedEngines: Sendable {
    private let tekton: SimulatedTekton
    private let argo: SimulatedArgo

    /// Prepares the engines; ``run()`` starts them.
    public init(cluster: any SandboxCluster, environment: SandboxEnvironment, time: any TimeSource = SystemTime()) {
        tekton = SimulatedTekton(cluster: cluster, environment: environment, time: time)
        argo = SimulatedArgo(cluster: cluster, environment: environment, time: time)
    }

    /// Runs every run of both engines until the task is cancelled.
    public func run() async {
        await withTaskGroup { group in
            group.addTask { await tekton.run() }
            group.addTask { await argo.run() }
        }
    }
}
