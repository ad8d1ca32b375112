import Foundation
import KubeClient
import TestSupport

/// Does for the operator's Deployment what its controller, a scheduler and a kubelet would do: a test's cluster has none
/// of them, and no image to start.
///
/// It starts the built executable with the arguments that the Deployment names, as often as it has replicas and under
/// the rights that came with it, and says so in the Deployment's status. Another template means other processes.
struct DeploymentStandIn {
    static let deployments = ResourceType(group: "apps", version: "v1", plural: "deployments", kind: "Deployment")

    let cluster: TestCluster
    let namespace: String
    let name: String

    /// Follows the Deployment until the task is cancelled; then nothing runs any more.
    func run() async throws {
        var processes: [ChildProcess] = []
        var started: JSONValue?
        do {
            while true {
                let deployment = try await cluster.access.get(Self.deployments, namespace, name)
                let template = deployment?[path: ["spec", "template"]]
                if template != started {
                    for process in processes { try await process.stop() }
                    processes = try template.map { try start($0, deployment?[path: ["spec", "replicas"]]) } ?? []
                    started = template
                }
                if let deployment { try await tell(deployment, processes) }
                try await Task.sleep(for: .milliseconds(100))
            }
        } catch {
            for process in processes { process.send(SIGTERM) }
            guard Task.isCancelled else { throw error }
        }
    }

    private func start(_ template: JSONValue, _ replicas: JSONValue?) throws -> [ChildProcess] {
        let container = template[path: ["spec", "containers"]]?[0]
        let arguments = (container?["args"]?.arrayValue ?? []).compactMap(\.stringValue)
        return try (0..<Int(replicas?.integerValue ?? 1)).map { number in
            try ChildProcess(
                Repository.binary,
                arguments + [
                    "--kubeconfig", cluster.operatorKubeconfig.path, "--leader-elect-resource-namespace", namespace,
                    "--metrics-bind-address", "0", "--health-probe-bind-address", "0", "--poll-interval", "1s",
                ],
                directory: cluster.directory, name: "stand-in-\(number)-\(UUID().uuidString.prefix(8))")
        }
    }

    private func tell(_ deployment: JSONValue, _ processes: [ChildProcess]) async throws {
        let running = Int64(processes.filter(\.isRunning).count)
        let generation = deployment[path: ["metadata", "generation"]] ?? 0
        let status: JSONValue = [
            "observedGeneration": generation, "replicas": .integer(running), "updatedReplicas": .integer(running),
            "readyReplicas": .integer(running), "availableReplicas": .integer(running),
        ]
        let isTold = status.objectValue?.allSatisfy { deployment[path: ["status", $0.key]] == $0.value } ?? false
        if isTold { return }
        do {
            try await cluster.access.merge(
                Self.deployments, namespace, name, ["status": status], subresource: "status")
        } catch let error as KubeError where error.isNotFoundObject {
            // It was deleted meanwhile.
        }
    }
}
