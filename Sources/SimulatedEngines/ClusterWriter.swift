import APIServer
import KubeClient
import Schema

/// Executes the writes of simulated runs and copes with a cluster that refuses some of them.
struct ClusterWriter: Sendable {
    let cluster: any SandboxCluster
    let environment: SandboxEnvironment
    let fieldManager: String
    /// Without, all writes of pods and their logs are left out.
    let writesPods: Bool

    /// Executes a write and returns the object when it was a create.
    ///
    /// Conflicts and passing faults are tried again a few times. What is gone was deleted by someone, and what is
    /// refused for good stays unwritten: the run goes on without it, as its real engine would.
    func execute(_ write: ClusterWrite) async -> JSONValue? {
        if !writesPods, write.concernsPod { return nil }
        for attempt in 0..<6 {
            do {
                return try await attemptOnce(write)
            } catch {
                guard error.isPassing, !Task.isCancelled else { return nil }
            }
            try? await environment.sleep(.milliseconds(20 << attempt))
        }
        return nil
    }

    private func attemptOnce(_ write: ClusterWrite) async throws(StatusError) -> JSONValue? {
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
    /// The same call may succeed a moment later.
    fileprivate var isPassing: Bool {
        reason == "Conflict" || code == 429 || code >= 500
    }
}

extension MergePatch {
    /// The patch that makes `new` of `old`; nil when they are equal.
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
