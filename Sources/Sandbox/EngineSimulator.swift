package import APIServer
package import KubeRuntime
import SimulatedEngines

/// Runs the simulated engine controllers on a cluster.
package struct EngineSimulator: Sendable {
    /// The engines to simulate.
    package enum Selection: String, CaseIterable, Sendable {
        case all, tekton, argo, none
    }

    private let tekton: SimulatedTekton?
    private let argo: SimulatedArgo?

    /// Creates the controllers; ``run()`` starts them.
    ///
    /// - Parameter argoInstanceID: The instance ID of Argo's controller; empty for none.
    package init(
        _ selection: Selection = .all, cluster: any SandboxCluster, environment: SandboxEnvironment,
        time: any TimeSource = SystemTime(), argoInstanceID: String = ""
    ) {
        let simulates = { (engine: Selection) in selection == .all || selection == engine }
        tekton =
            simulates(.tekton) ? SimulatedTekton(cluster: cluster, environment: environment, time: time) : nil
        argo =
            simulates(.argo)
            ? SimulatedArgo(cluster: cluster, environment: environment, time: time, instanceID: argoInstanceID) : nil
    }

    /// Runs the selected engines until the task is canceled. Returns immediately if none is selected.
    package func run() async {
        await withTaskGroup { group in
            if let tekton { group.addTask { await tekton.run() } }
            if let argo { group.addTask { await argo.run() } }
        }
    }
}
