import Foundation
import KubeClient
import TestSupport
import Testing

/// A namespace for one test, with helpers to work in it.
struct Workspace: Sendable {
    let cluster: TestCluster
    let namespace: String

    /// Creates a namespace on the shared cluster.
    static func make(_ name: String) async throws -> Workspace {
        try await make(name, on: TestCluster.shared)
    }

    /// Creates a namespace on a cluster.
    static func make(_ name: String, on cluster: TestCluster) async throws -> Workspace {
        let suffix = String(UInt32.random(in: .min ... .max), radix: 36)
        let namespace = "\(name)-\(suffix)"
        try await cluster.access.create(
            Types.namespace, nil,
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]])
        return Workspace(cluster: cluster, namespace: namespace)
    }

    var access: ClusterAccess { cluster.access }

    /// Access to the cluster with the operator's permissions, for a proxy.
    func operatorTransport() throws -> CurlTransport {
        try ClusterAccess(kubeconfig: cluster.operatorKubeconfig).transport
    }

    /// Starts the operator for this namespace only.
    func startOperator(
        kubeconfig: URL? = nil,
        arguments: [String] = ["--metrics-bind-address", "0", "--health-probe-bind-address", "0"]
    ) throws -> ChildProcess {
        try ChildProcess(
            Repository.binary,
            [
                "operator", "--kubeconfig", (kubeconfig ?? cluster.operatorKubeconfig).path, "--namespace", namespace,
                "--poll-interval", "1s",
            ] + arguments,
            directory: cluster.directory, name: "operator-\(namespace)-\(UUID().uuidString.prefix(8))")
    }

    /// Creates an object from every YAML document.
    func create(_ manifest: String) async throws {
        for object in try YAML.documents(Array(manifest.utf8), source: "test") {
            try await access.create(Types.type(of: object), namespace, object)
        }
    }

    func execution(_ name: String) async throws -> JSONValue {
        try #require(try await access.get(Types.execution, namespace, name), "WorkflowExecution \(name) is missing")
    }

    /// Waits until `condition` is true for the execution; returns the execution.
    func execution(
        _ name: String, within limit: Duration = .seconds(60), until what: String,
        _ condition: @Sendable (JSONValue) -> Bool
    ) async throws -> JSONValue {
        try await object(Types.execution, name, within: limit, until: what, condition)
    }

    /// Waits until `condition` is true for the object; returns the object.
    func object(
        _ type: ResourceType, _ name: String, within limit: Duration = .seconds(60), until what: String,
        _ condition: @Sendable (JSONValue) -> Bool
    ) async throws -> JSONValue {
        let seen = Locked<JSONValue?>(nil)
        do {
            return try await poll("\(name) \(what)", within: limit) {
                let object = try #require(
                    try await access.get(type, namespace, name), "\(type.kind) \(name) is missing")
                seen.withLock { $0 = object }
                return condition(object) ? object : nil
            }
        } catch {
            let status = seen.withLock { $0 }?["status"]?.encodedString ?? "never seen"
            throw DeadlineExceeded(description: "\(error); last status: \(status)")
        }
    }

    /// Waits until the execution has ended; returns it.
    func finished(_ name: String, within limit: Duration = .seconds(60)) async throws -> JSONValue {
        try await execution(name, within: limit, until: "has ended") { $0.condition("Finished") == "True" }
    }

    /// The runs of both engines that belong to an execution; empty for an engine that is not installed.
    func runs(of execution: JSONValue) async throws -> [JSONValue] {
        var runs: [JSONValue] = []
        for type in [Types.pipelineRun, Types.workflow] {
            do {
                runs += try await access.list(type, namespace).filter { run in
                    run[path: ["metadata", "ownerReferences"]]?[0]?["uid"] == execution[path: ["metadata", "uid"]]
                }
            } catch let error as KubeError where error.isPlainNotFound {
                continue
            }
        }
        return runs
    }
}

extension JSONValue {
    func status(_ field: String) -> String? { self[path: ["status", field]]?.stringValue }

    /// The status of a condition.
    func condition(_ type: String) -> String? {
        self[path: ["status", "conditions"]]?.arrayValue?.first { $0["type"]?.stringValue == type }?["status"]?
            .stringValue
    }

    /// The name of the execution's run; nil until it has one.
    var runName: String? { self[path: ["status", "runRef", "name"]]?.stringValue }
    var uid: String? { self[path: ["metadata", "uid"]]?.stringValue }
    var name: String? { self[path: ["metadata", "name"]]?.stringValue }

    /// `Completed/Success/Succeeded`
    var verdict: String {
        [status("phase"), status("outcome"), status("reason")].map { $0 ?? "-" }.joined(separator: "/")
    }
}

extension Types {
    static func type(of object: JSONValue) -> ResourceType {
        let kind = object["kind"]?.stringValue ?? ""
        let parts = (object["apiVersion"]?.stringValue ?? "").split(separator: "/")
        let group = parts.count > 1 ? String(parts[0]) : ""
        let stem = kind.lowercased()
        return ResourceType(
            group: group, version: parts.last.map(String.init) ?? "",
            plural: stem.hasSuffix("y") ? stem.dropLast() + "ies" : stem + "s", kind: kind)
    }

    /// The first served type of a custom resource definition.
    static func type(definedBy definition: JSONValue) throws -> ResourceType {
        let spec = definition["spec"]
        let version = spec?["versions"]?.arrayValue?.first { $0["served"] == true }
        return ResourceType(
            group: try #require(spec?["group"]?.stringValue), version: try #require(version?["name"]?.stringValue),
            plural: try #require(spec?["names"]?["plural"]?.stringValue),
            kind: try #require(spec?["names"]?["kind"]?.stringValue))
    }
}
