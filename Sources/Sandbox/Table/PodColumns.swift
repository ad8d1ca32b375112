import KubeClient

/// The columns of pods.
enum PodColumns {
    static let all: [TableColumn] = [
        .name,
        TableColumn("Ready", description: "Containers that are ready, of all.") { pod, _ in
            let ready = statuses(pod).filter { $0["ready"] == true }.count
            return .string("\(ready)/\(pod["spec"]?["containers"]?.arrayValue?.count ?? 0)")
        },
        TableColumn("Status", description: "What the pod is doing, or why it does not.") { pod, _ in
            .string(status(pod))
        },
        TableColumn("Restarts", description: "Restarts of all containers.") { pod, _ in
            .string(String(statuses(pod).reduce(0) { $0 &+ ($1["restartCount"]?.integerValue ?? 0) }))
        },
        .age,
        wide("IP", ["status", "podIP"]),
        wide("Node", ["spec", "nodeName"]),
        wide("Nominated Node", ["status", "nominatedNodeName"]),
        TableColumn("Readiness Gates", priority: 1) { _, _ in "<none>" },
    ]

    private static func wide(_ name: String, _ path: [String]) -> TableColumn {
        TableColumn(name, priority: 1) { pod, _ in pod[path: path] ?? "<none>" }
    }

    private static func statuses(_ pod: JSONValue) -> [JSONValue] {
        pod["status"]?["containerStatuses"]?.arrayValue ?? []
    }

    /// The phase, unless a container or a deletion says more.
    private static func status(_ pod: JSONValue) -> String {
        if pod["metadata"]?["deletionTimestamp"] != nil { return "Terminating" }
        var text = pod["status"]?["reason"]?.stringValue ?? pod["status"]?["phase"]?.stringValue ?? "Unknown"
        for status in statuses(pod).reversed() {
            if let reason = status["state"]?["waiting"]?["reason"]?.stringValue {
                text = reason
            } else if let terminated = status["state"]?["terminated"] {
                let code = terminated["exitCode"]?.integerValue ?? 0
                text = terminated["reason"]?.stringValue ?? "ExitCode:\(code)"
            }
        }
        return text
    }
}
