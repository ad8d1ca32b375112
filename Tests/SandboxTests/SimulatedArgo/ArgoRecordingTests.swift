import KubeClient
import Testing

@testable import Sandbox

/// The simulated Argo writes what the recorded one wrote, state by state.
@Suite struct ArgoRecordingTests {
    static let scenarios = [
        "continued-on-failure", "created-suspended", "dag-failed", "dag-with-skip", "deadline", "failed", "image-pull",
        "missing-parameter", "missing-template", "oom-killed", "retried-then-failed", "stopped", "succeeded",
        "suspended", "task-timeout", "terminated", "with-outputs",
    ]

    @Test(arguments: scenarios) func writesWhatTheEngineWrote(_ scenario: String) async throws {
        let recording = try Recording("argo/\(scenario)")
        let first = try #require(recording.run.first)
        let name = first.metadata.text("name")
        let rehearsal = ArgoRehearsal()
        let second = recording.run.dropFirst().first
        if let spec = second?[path: ["status", "storedWorkflowTemplateSpec"]] {
            var annotations: JSONObject = [:]
            for template in spec["templates"]?.elements ?? [] {
                let templateName = template["name"]?.stringValue ?? ""
                // A pod that was never seen running took no time.
                let wasSeen = recording.run.contains { state in
                    (state[path: ["status", "nodes"]]?.objectValue ?? [:]).contains {
                        $0.value["templateName"]?.stringValue == templateName && $0.value["type"] == "Pod"
                            && $0.value["phase"] == "Running"
                    }
                }
                annotations.add("duration.\(templateName)", wasSeen ? "1s" : "0s")
                annotations.addRigging(template["container"]?["args"]?[0]?.stringValue ?? "", task: templateName)
            }
            var own = Self.withoutDefaults(spec)
            for member in first["spec"]?.objectValue ?? [:] { own[member.key] = nil }
            let template = first[path: ["spec", "workflowTemplateRef", "name"]]?.stringValue ?? ""
            try await rehearsal.add(template: template, annotations: annotations, spec: own)
        }
        let states = try await rehearsal.play(name, spec: first["spec"] ?? [:], asRecorded: recording.run)
        #expect(Difference().first(states, recording.run, in: "run") == nil)
    }

    /// The specification as a user would have written it.
    static func withoutDefaults(_ tree: JSONValue) -> JSONValue {
        switch tree {
        case .array(let elements): return .array(elements.map(withoutDefaults))
        case .object(let object):
            var result: JSONObject = [:]
            for member in object where member.value != .object([:]) || member.key == "suspend" {
                if member.key == "name", member.value == "" { continue }
                result[member.key] = withoutDefaults(member.value)
            }
            return .object(result)
        default: return tree
        }
    }
}
