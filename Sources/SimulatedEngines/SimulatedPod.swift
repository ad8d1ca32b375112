import APIServer
import KubeClient

/// The pod of a simulated task: the object and the status that a kubelet would write.
///
/// No container runs. The pod exists so that `kubectl get pods` and `kubectl logs` work as in a cluster.
struct SimulatedPod: Sendable {
    static let resource = GroupVersionResource(group: "", version: "v1", resource: "pods")

    let namespace: String
    let name: String
    let containers: [Container]
    private var startedAt: Timestamp?

    /// A container of the template, under its name in the pod.
    struct Container: Sendable {
        let name: String
        let image: String
        let commandLine: String
        private let specification: JSONObject

        init(name: String, template: JSONValue) {
            self.name = name
            image = template["image"]?.stringValue ?? ""
            let words = (template["command"]?.elements ?? []) + (template["args"]?.elements ?? [])
            commandLine = words.compactMap(\.scalarText).joined(separator: " ")
            var specification: JSONObject = ["name": .string(name), "image": .string(image.isEmpty ? "none" : image)]
            for key in ["command", "args", "env", "resources", "volumeMounts"] { specification[key] = template[key] }
            if specification["resources"] == [:] { specification["resources"] = nil }
            self.specification = specification
        }

        /// The container with the mounts of volumes that the pod has.
        fileprivate func json(volumes: Set<String>) -> JSONValue {
            var result = specification
            let mounts = (result["volumeMounts"]?.elements ?? []).filter {
                volumes.contains($0["name"]?.stringValue ?? "")
            }
            result["volumeMounts"] = mounts.isEmpty ? nil : .array(mounts)
            return .object(result)
        }
    }

    init(namespace: String, name: String, containers: [Container]) {
        self.namespace = namespace
        self.name = name
        self.containers = containers
    }
}

extension SimulatedPod {
    /// The write that creates the pod in phase Pending; `specification` has the fields besides the containers.
    func creation(
        labels: JSONObject, annotations: JSONObject = [:], owner: JSONValue, specification own: JSONObject = [:]
    ) -> ClusterWrite {
        var metadata: JSONObject = [
            "name": .string(name), "namespace": .string(namespace), "labels": .object(labels),
            "ownerReferences": [owner],
        ]
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
        var specification = own
        specification["restartPolicy"] = "Never"
        let volumes = Set((own["volumes"]?.elements ?? []).compactMap { $0["name"]?.stringValue })
        specification["containers"] = .array(containers.map { $0.json(volumes: volumes) })
        return .create(
            Self.resource, namespace: namespace,
            [
                "apiVersion": "v1", "kind": "Pod", "metadata": .object(metadata),
                "spec": .object(specification),
            ])
    }

    /// The writes when the containers start.
    mutating func start(at now: Timestamp) -> [ClusterWrite] {
        startedAt = now
        let state: JSONValue = ["running": ["startedAt": .string(now.rfc3339)]]
        let statuses = containers.map { status(of: $0, state: state, isReady: true) }
        return containers.map { log("started: \($0.commandLine)\n", $0) } + [
            patch(["phase": "Running", "startTime": .string(now.rfc3339), "containerStatuses": .array(statuses)])
        ]
    }

    /// The write when a container cannot start: the pod stays Pending, or fails if `isFinal`.
    func wait(_ reason: String, _ message: String, isFinal: Bool = false, at now: Timestamp) -> ClusterWrite {
        let state: JSONValue = ["waiting": ["reason": .string(reason), "message": .string(message)]]
        let statuses = containers.map { status(of: $0, state: state, isReady: false) }
        return patch(["phase": isFinal ? "Failed" : "Pending", "containerStatuses": .array(statuses)])
    }

    /// The writes when the containers exit; `exitCodes` are in the order of the containers.
    func end(exitCodes: [Int], failure: TaskFailure?, at now: Timestamp) -> [ClusterWrite] {
        var statuses: [JSONValue] = []
        var writes: [ClusterWrite] = []
        for (container, code) in zip(containers, exitCodes) {
            let reason = code == 0 ? "Completed" : failure?.containerReason ?? "Error"
            let state: JSONValue = [
                "terminated": [
                    "exitCode": .integer(Int64(code)), "reason": .string(reason),
                    "startedAt": .string((startedAt ?? now).rfc3339), "finishedAt": .string(now.rfc3339),
                ]
            ]
            statuses.append(status(of: container, state: state, isReady: false))
            if startedAt == nil { writes.append(log("started: \(container.commandLine)\n", container)) }
            writes.append(log(code == 0 ? "done\n" : "failed: \(reason) (exit code \(code))\n", container))
        }
        var status: JSONObject = [
            "phase": exitCodes.contains { $0 != 0 } ? "Failed" : "Succeeded", "containerStatuses": .array(statuses),
            "startTime": .string((startedAt ?? now).rfc3339),
        ]
        if failure == .evicted {
            status["reason"] = "Evicted"
            status["message"] = .string(TaskFailure.evictionMessage)
        }
        return writes + [patch(status)]
    }

    var deletion: ClusterWrite { .delete(Self.resource, namespace: namespace, name: name) }

    private func patch(_ status: JSONObject) -> ClusterWrite {
        .patch(
            Self.resource, namespace: namespace, name: name, ["status": .object(status)], subresource: "status")
    }

    private func status(of container: Container, state: JSONValue, isReady: Bool) -> JSONValue {
        [
            "name": .string(container.name), "image": .string(container.image), "imageID": "",
            "ready": .bool(isReady), "restartCount": 0, "state": state,
        ]
    }

    private func log(_ text: String, _ container: Container) -> ClusterWrite {
        .log(text, namespace: namespace, pod: name, container: container.name)
    }
}
