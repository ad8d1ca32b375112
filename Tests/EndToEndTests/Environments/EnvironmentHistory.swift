import APIServer
import Foundation
import KubeClient
import TestSupport

/// Every stored version of the environments and executions of a namespace, in the order of the writes.
final class EnvironmentHistory: Sendable {
    /// One version of an object, or its removal.
    struct Version: Sendable {
        let object: JSONValue
        let isRemoval: Bool

        /// Orders the versions of all objects of a cluster.
        var revision: Int64 {
            object[path: ["metadata", "resourceVersion"]]?.stringValue.flatMap { Int64($0) } ?? 0
        }
    }

    /// What was recorded.
    struct Record: Sendable {
        var environments: [Version] = []
        var executions: [Version] = []
        fileprivate var synchronized = 0
        fileprivate var failures: [String] = []
    }

    private let recorded = Locked(Record())
    private let tasks: [Task<Void, Never>]

    /// Starts to record a namespace without environments.
    static func start(_ access: ClusterAccess, namespace: String) async throws -> EnvironmentHistory {
        let history = EnvironmentHistory(access, namespace: namespace)
        try await poll("both watches have started") { try history.record().synchronized == 2 }
        return history
    }

    private init(_ access: ClusterAccess, namespace: String) {
        let cluster = RemoteCluster(client: access.client)
        let recorded = recorded
        func record(_ type: ResourceType, _ list: any WritableKeyPath<Record, [Version]> & Sendable) -> Task<
            Void, Never
        > {
            let changes = cluster.changes(
                of: GroupVersionResource(group: type.group, version: type.version, resource: type.plural),
                namespace: namespace)
            return Task {
                do {
                    for try await change in changes {
                        recorded.withLock { record in
                            switch change {
                            case .added(let object), .modified(let object):
                                record[keyPath: list].append(Version(object: object, isRemoval: false))
                            case .deleted(let object):
                                record[keyPath: list].append(Version(object: object, isRemoval: true))
                            case .synced: record.synchronized += 1
                            }
                        }
                    }
                } catch {
                    if !Task.isCancelled { recorded.withLock { $0.failures.append("\(error)") } }
                }
            }
        }
        tasks = [record(Types.environment, \.environments), record(Types.execution, \.executions)]
    }

    /// Stops recording.
    func stop() {
        for task in tasks { task.cancel() }
    }

    /// What was recorded so far; throws if a watch failed.
    func record() throws -> Record {
        let record = recorded.withLock { $0 }
        if let failure = record.failures.first { throw WatchFailed(description: failure) }
        return record
    }

    struct WatchFailed: Error, CustomStringConvertible {
        let description: String
    }

    /// The versions of one environment.
    func versions(of name: String) throws -> [JSONValue] {
        try record().environments.filter { !$0.isRemoval && $0.object.name == name }.map(\.object)
    }

    /// The first version of an environment with one of these phases.
    func first(_ phases: Set<String>, of name: String) throws -> JSONValue? {
        try versions(of: name).first { phases.contains($0.status("phase") ?? "") }
    }

    /// The phases of an environment in the order in which it had them, without repetitions.
    func phases(of name: String) throws -> [String] {
        try versions(of: name).filter(\.isObserved).reduce(into: []) { phases, version in
            let phase = version.status("phase") ?? ""
            if phases.last != phase { phases.append(phase) }
        }
    }
}

extension JSONValue {
    /// Whether an operator has written the status.
    var isObserved: Bool { (self[path: ["status", "observedGeneration"]]?.integerValue ?? -1) >= 0 }

    /// An element of `status.phases`.
    func phase(_ name: String) -> JSONValue? {
        self[path: ["status", "phases"]]?.arrayValue?.first { $0["name"]?.stringValue == name }
    }

    /// `up: Succeeded, check: Running`
    var phaseStates: String {
        (self[path: ["status", "phases"]]?.arrayValue ?? [])
            .map { "\($0["name"]?.stringValue ?? ""): \($0["state"]?.stringValue ?? "-")" }.joined(separator: ", ")
    }

    /// The reason of a condition.
    func conditionReason(_ type: String) -> String? { condition(type, "reason") }

    /// The message of a condition.
    func conditionMessage(_ type: String) -> String? { condition(type, "message") }

    private func condition(_ type: String, _ field: String) -> String? {
        self[path: ["status", "conditions"]]?.arrayValue?.first { $0["type"]?.stringValue == type }?[field]?.stringValue
    }

    /// A time of the status.
    func time(_ field: String) -> ServerTime? { status(field).flatMap { ServerTime(rfc3339: $0) } }

    /// `Active/Ready`
    var restingPlace: String { [status("phase"), status("reason")].map { $0 ?? "-" }.joined(separator: "/") }

    var finalizers: [String] {
        (self[path: ["metadata", "finalizers"]]?.arrayValue ?? []).compactMap(\.stringValue)
    }
}
