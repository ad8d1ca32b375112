import KubeClient
import KubeRuntime
import TestSupport
import Testing

@testable import APIServer
@testable import SimulatedEngines

/// The simulated Argo writes the same versions as the recorded one.
@Suite struct ArgoRecordingTests {
    static let scenarios = [
        "continued-on-failure", "created-suspended", "dag-failed", "dag-with-skip", "deadline", "failed", "image-pull",
        "missing-parameter", "missing-template", "oom-killed", "retried-then-failed", "stopped", "succeeded",
        "suspended", "task-timeout", "terminated", "with-outputs",
    ]

    @Test(arguments: scenarios) func `writes the states of the recorded Argo`(_ scenario: String) async throws {
        let recording = try Recording("argo/\(scenario)")
        let first = try #require(recording.run.first)
        let name = first.metadata.text("name")
        let rehearsal = ArgoRehearsal()
        let second = recording.run.dropFirst().first
        if let spec = second?[path: ["status", "storedWorkflowTemplateSpec"]] {
            var annotations: JSONObject = [:]
            for template in spec["templates"]?.elements ?? [] {
                let templateName = template["name"]?.stringValue ?? ""
                // A pod without a Running version took no time.
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

    /// The specification as the user wrote it.
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

/// The simulated Argo with a separate cluster, on virtual time.
struct ArgoRehearsal {
    let time = VirtualTime()
    let cluster: FakeCluster
    let environment: SandboxEnvironment

    init() {
        environment = .virtual(time)
        cluster = FakeCluster(clock: environment.clock)
    }

    func add(template name: String, isClusterScoped: Bool = false, annotations: JSONObject = [:], spec: JSONValue)
        async throws
    {
        let object: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": isClusterScoped ? "ClusterWorkflowTemplate" : "WorkflowTemplate",
            "metadata": ["name": .string(name), "annotations": .object(annotations)], "spec": spec,
        ]
        try await cluster.create(
            isClusterScoped ? Argo.clusterWorkflowTemplates : Argo.workflowTemplates,
            namespace: isClusterScoped ? "" : "payments", object, fieldManager: "test")
    }

    /// Runs a workflow to its end; returns its versions.
    @discardableResult
    func play(
        _ name: String, labels: JSONObject = [:], spec: JSONValue, instanceID: String = "",
        asRecorded recorded: [JSONValue] = []
    ) async throws -> [JSONValue] {
        let catalog = TemplateCatalog(cluster: cluster)
        let loop = RunDriver<SimulatedWorkflow>(
            Argo.workflows, cluster: cluster, environment: environment, time: time,
            writer: ClusterWriter(cluster: cluster, environment: environment, fieldManager: "test", writesPods: true),
            selects: { Argo.selects($0, instanceID: instanceID) }, lookUp: { await catalog.resolve($0) })
        let rehearsal = RunRehearsal(
            time: time, cluster: cluster, loop: loop, resource: Argo.workflows,
            key: ObjectKey(namespace: "payments", name: name))
        var metadata: JSONObject = ["name": .string(name)]
        if !labels.isEmpty { metadata["labels"] = .object(labels) }
        let run: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": .object(metadata), "spec": spec,
        ]
        try await rehearsal.play(run, asRecorded: recorded)
        return cluster.life("workflows", name)
    }
}

extension JSONValue {
    /// The phase of a workflow.
    var phase: String { self[path: ["status", "phase"]]?.stringValue ?? "" }

    /// The node with a display name.
    func node(_ displayName: String) -> JSONValue? {
        self[path: ["status", "nodes"]]?.objectValue?.first { $0.value["displayName"]?.stringValue == displayName }?
            .value
    }
}
