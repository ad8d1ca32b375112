import APIServer
import KubeClient
import Schema

/// Executes the writes of simulated runs, retrying transient errors and tolerating refused writes.
struct ClusterWriter: Sendable {
    let cluster: any SandboxCluster
    let environment: SandboxEnvironment
    let fieldManager: String
    /// If false, writes of pods and their logs are skipped.
    let writesPods: Bool

    /// Executes a write; returns the stored object of a create.
    ///
    /// Conflicts and transient errors are retried up to six times; then, and for any other refusal, the error is thrown.
    func execute(_ write: ClusterWrite) async throws(StatusError) -> JSONValue? {
        if !writesPods, write.concernsPod { return nil }
        for attempt in 0..<6 {
            do {
                return try await send(write)
            } catch {
                guard error.isTransient, !Task.isCancelled else { throw error }
            }
            try? await environment.sleep(.milliseconds(20 << attempt))
        }
        return try await send(write)
    }

    private func send(_ write: ClusterWrite) async throws(StatusError) -> JSONValue? {
        switch write {
        case .create(let resource, let namespace, let object):
            do {
                return try await cluster.create(resource, namespace: namespace, object, fieldManager: fieldManager)
            } catch  where error.reason == "AlreadyExists" {
                let name = object[path: ["metadata", "name"]]?.stringValue ?? ""
                return try await cluster.get(resource, namespace: namespace, name: name)
            }
        case .patch(let resource, let namespace, let name, let patch, let subresource):
            try await cluster.patch(
                resource, namespace: namespace, name: name, merge: patch, subresource: subresource,
                fieldManager: fieldManager)
        case .delete(let resource, let namespace, let name):
            try await cluster.delete(resource, namespace: namespace, name: name, uid: nil)
        case .log(let text, let namespace, let pod, let container):
            await cluster.appendLog(text, namespace: namespace, pod: pod, container: container)
        }
        return nil
    }
}

/// One write to the cluster.
enum ClusterWrite: Hashable, Sendable {
    case create(GroupVersionResource, namespace: String, JSONValue)
    /// A merge patch, sent to the subresource if one is named.
    case patch(GroupVersionResource, namespace: String, name: String, JSONValue, subresource: String?)
    case delete(GroupVersionResource, namespace: String, name: String)
    case log(String, namespace: String, pod: String, container: String)
}

extension ClusterWrite {
    fileprivate var concernsPod: Bool {
        switch self {
        case .create(let resource, _, _), .patch(let resource, _, _, _, _), .delete(let resource, _, _):
            resource == SimulatedPod.resource
        case .log: true
        }
    }
}

extension StatusError {
    /// Whether retrying the same call may succeed.
    fileprivate var isTransient: Bool {
        reason == "Conflict" || code == 429 || code >= 500
    }
}

extension MergePatch {
    /// The merge patch that turns `old` into `new`; nil if they are equal.
    static func difference(from old: JSONValue, to new: JSONValue) -> JSONValue? {
        guard case .object(let before) = old, case .object(let after) = new else {
            if old == new { return nil }
            return new
        }
        var patch: [JSONObject.Member] = []
        for member in after {
            guard let earlier = before[member.key] else {
                patch.append(member)
                continue
            }
            if let change = difference(from: earlier, to: member.value) {
                patch.append(JSONObject.Member(key: member.key, value: change))
            }
        }
        for member in before where after[member.key] == nil {
            patch.append(JSONObject.Member(key: member.key, value: .null))
        }
        if patch.isEmpty { return nil }
        return .object(JSONObject(uniqueMembers: patch))
    }
}
