import Foundation
import KubeClient
import TestSupport

/// Stands in for the Deployment controller, scheduler, and kubelet, which a test's cluster lacks.
///
/// It starts one process of the built executable per replica, with the Deployment's arguments and service account, and
/// writes the Deployment's status. When the template changes, it restarts the processes.
struct DeploymentStandIn {
    static let deployments = ResourceType(group: "apps", version: "v1", plural: "deployments", kind: "Deployment")

    let cluster: TestCluster
    let namespace: String
    let name: String

    /// Watches the Deployment until the task is canceled, then stops all processes.
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
                if let deployment { try await writeStatus(deployment, processes) }
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

    private func writeStatus(_ deployment: JSONValue, _ processes: [ChildProcess]) async throws {
        let running = Int64(processes.filter(\.isRunning).count)
        let generation = deployment[path: ["metadata", "generation"]] ?? 0
        let status: JSONValue = [
            "observedGeneration": generation, "replicas": .integer(running), "updatedReplicas": .integer(running),
            "readyReplicas": .integer(running), "availableReplicas": .integer(running),
        ]
        let hasStatus = status.objectValue?.allSatisfy { deployment[path: ["status", $0.key]] == $0.value } ?? false
        if hasStatus { return }
        do {
            try await cluster.access.merge(
                Self.deployments, namespace, name, ["status": status], subresource: "status")
        } catch let error as KubeError where error.isNotFoundObject {
            // The Deployment was deleted in the meantime.
        }
    }
}
