import Foundation
import KubeClient
import TestSupport

/// A run on a cluster without engines, whose status the test writes in place of the engine's controller.
struct PlayedRun: Sendable {
    let workspace: Workspace
    let engine: TestEngine
    /// The name of the run's execution.
    let execution: String
    let name: String

    /// Writes a state from `Inputs/`: for Tekton the children's statuses first, then the run's.
    func write(_ input: String, _ values: [String: String] = [:]) async throws {
        let usual = ["run": name, "start": "NOW-20s", "end": "NOW"]
        let state = try CaseInput(input, engine, values.merging(usual) { own, _ in own }).value
        for task in state["taskRuns"]?.objectValue?.members ?? [] {
            try await write(
                Types.taskRun, task.key, ["taskSpec": ["steps": [["name": "run", "image": "example"]]]], task.value)
        }
        for task in state["customRuns"]?.objectValue?.members ?? [] {
            try await write(Types.customRun, task.key, task.value["spec"] ?? [:], task.value["status"] ?? [:])
        }
        guard let status = state["status"] else { return }
        try await replace(engine.runType, name) { run in
            run["status"] = status
            guard engine == .argo, let phase = status["phase"]?.stringValue else { return }
            // The labels that Argo's controller writes with the phase.
            let labels = ["metadata", "labels"]
            run[path: labels + ["workflows.argoproj.io/phase"]] = .string(phase)
            run[path: labels + ["workflows.argoproj.io/completed"]] =
                ["Succeeded", "Failed", "Error"].contains(phase) ? "true" : "false"
        }
    }

    func object() async throws -> JSONValue? {
        try await workspace.access.get(engine.runType, workspace.namespace, name)
    }

    func patch(_ patch: JSONValue) async throws {
        try await workspace.access.merge(engine.runType, workspace.namespace, name, patch)
    }

    func delete() async throws {
        try await workspace.access.delete(engine.runType, workspace.namespace, name)
    }

    /// The requested stop; nil if none.
    func stopRequest() async throws -> String? {
        try await object()?[path: ["spec", engine == .tekton ? "status" : "shutdown"]]?.stringValue
    }

    /// Waits until a stop of the run is requested; returns the request.
    func stopped(within limit: Duration = .seconds(30)) async throws -> String {
        try await poll("\(name) is asked to stop", within: limit) { try await stopRequest() }
    }

    /// Writes a TaskRun or CustomRun, first the object and then its status.
    private func write(_ type: ResourceType, _ task: String, _ spec: JSONValue, _ status: JSONValue) async throws {
        let child = "\(name)-\(task)"
        if try await workspace.access.get(type, workspace.namespace, child) == nil {
            let uid = try await object()?.uid ?? ""
            try await workspace.access.create(
                type, workspace.namespace,
                [
                    "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
                    "metadata": [
                        "name": .string(child),
                        "labels": [
                            "tekton.dev/pipelineRun": .string(name), "tekton.dev/pipelineRunUID": .string(uid),
                            "tekton.dev/pipelineTask": .string(task),
                            "tekton.dev/memberOf": task == "cleanup" ? "finally" : "tasks",
                        ],
                        "ownerReferences": [
                            [
                                "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "name": .string(name),
                                "uid": .string(uid), "controller": true, "blockOwnerDeletion": true,
                            ]
                        ],
                    ],
                    "spec": spec,
                ])
        }
        try await replace(type, child) { $0["status"] = status }
    }

    /// Reads, changes, and replaces an object; retries after a conflict.
    private func replace(_ type: ResourceType, _ name: String, _ change: (inout JSONValue) -> Void) async throws {
        // Workflows have no status subresource.
        let subresource = type == Types.workflow ? nil : "status"
        try await poll("\(name) is written") {
            guard var object = try await workspace.access.get(type, workspace.namespace, name) else { return false }
            change(&object)
            let key = ObjectKey(namespace: workspace.namespace, name: name)
            do {
                _ = try await workspace.access.client.replace(
                    type, key, subresource: subresource, body: object.encoded, decoding: ClusterAccess.tree)
                return true
            } catch let error as KubeError where error.isConflict {
                return false
            }
        }
    }
}

/// A file of `Inputs/` with its placeholders replaced.
struct CaseInput: Sendable {
    let value: JSONValue

    /// Reads `Inputs/ENGINE/NAME.json`, or `Inputs/NAME.json` without an engine.
    ///
    /// Replaces `{name}` with the value of that name, and `NOW`, `NOW-30s`, or `NOW+30s` with a time.
    init(_ name: String, _ engine: TestEngine? = nil, _ values: [String: String] = [:]) throws {
        let folder = Repository.file("Tests/EndToEndTests/Cases/Inputs/\(engine?.rawValue ?? "")")
        let text = try String(contentsOf: folder.appending(path: "\(name).json"), encoding: .utf8)
        value = Self.fill(try JSONValue(parsing: text), values, Date())
    }

    private static func fill(_ value: JSONValue, _ values: [String: String], _ now: Date) -> JSONValue {
        switch value {
        case .string(let text): .string(fill(text, values, now))
        case .array(let elements): .array(elements.map { fill($0, values, now) })
        case .object(let members):
            members.members.reduce(into: .object(JSONObject())) { object, member in
                object[fill(member.key, values, now)] = fill(member.value, values, now)
            }
        default: value
        }
    }

    private static func fill(_ text: String, _ values: [String: String], _ now: Date) -> String {
        let filled = values.reduce(text) { $0.replacingOccurrences(of: "{\($1.key)}", with: $1.value) }
        guard let match = filled.wholeMatch(of: /NOW(?:([+-]\d+)s)?/) else { return filled }
        let seconds = match.output.1.flatMap { Double($0) } ?? 0
        return ISO8601DateFormatter().string(from: now.addingTimeInterval(seconds))
    }
}
