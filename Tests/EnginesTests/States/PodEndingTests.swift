import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// Pods that Kubernetes evicted, rejected, or refused to create read the same on both engines.
@Suite struct PodEndingTests {
    /// The source of a message, the message, the expected reason, and whether a step had started.
    static let sentences: [(source: String, message: String, reason: Reason, executed: Bool?)] = [
        // kubelet, pkg/kubelet/eviction/helpers.go
        ("nodeLowMessageFmt", "The node was low on resource: memory. ", .podEvicted, nil),
        (
            "containerMessageFmt after it",
            "The node was low on resource: ephemeral-storage. Container main was using 1Gi, which exceeds its request of 0. ",
            .podEvicted, nil
        ),
        ("nodeConditionMessageFmt", "The node had condition: [MemoryPressure]. ", .podEvicted, nil),
        (
            "containerMessageFmt", "Container main was using 1Gi, which exceeds its request of 0. ", .podEvicted, nil
        ),
        (
            "containerEphemeralStorageMessageFmt",
            #"Container main exceeded its local ephemeral storage limit "1Gi". "#, .podEvicted, nil
        ),
        (
            "podEphemeralStorageMessageFmt",
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ", .podEvicted, nil
        ),
        ("emptyDirMessageFmt", #"Usage of EmptyDir volume "work" exceeds the limit "1Gi". "#, .podEvicted, nil),
        // kubelet, pkg/kubelet/nodeshutdown
        (
            "nodeShutdownMessage", "Pod was terminated in response to imminent node shutdown.", .podEvicted, nil
        ),
        ("its word", "Terminated", .podEvicted, nil),
        ("v1.20", "Node is shutting, evicting pods", .podEvicted, nil),
        ("v1.20, its word", "Shutdown: Node is shutting, evicting pods", .podEvicted, nil),
        (
            "nodeShutdownNotAdmittedMessage", "Pod was rejected as the node is shutting down.", .podCreationFailed,
            false
        ),
        (
            "since v1.25", "Pod was rejected: Pod was rejected as the node is shutting down.", .podCreationFailed,
            false
        ),
        ("before", "Pod Pod was rejected as the node is shutting down.", .podCreationFailed, false),
        (
            "v1.20, not admitted", "Pod Node is in progress of shutting down, not admitting any new pods",
            .podCreationFailed, false
        ),
        ("nodeShutdownNotAdmittedReason", "NodeShutdown", .podCreationFailed, false),
        // kubelet, pkg/kubelet/preemption
        ("message", "Preempted in order to admit critical pod", .podEvicted, nil),
        ("the condition", "Pod was preempted by Kubelet to accommodate a critical pod.", .podEvicted, nil),
        ("its word", "Preempting: Preempted in order to admit critical pod", .podEvicted, nil),
        ("the scheduler's word", "Preempted", .podEvicted, nil),
        // kubelet, pkg/kubelet/kubelet.go rejectPod and pkg/kubelet/lifecycle/predicate.go
        ("disk pressure", "Pod was rejected: The node had condition: [DiskPressure]. ", .podCreationFailed, false),
        ("disk pressure, before v1.25", "Pod The node had condition: [DiskPressure]. ", .podCreationFailed, false),
        (
            "InsufficientResourceError",
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3500, capacity: 4000",
            .podCreationFailed, false
        ),
        (
            "InsufficientResourceError, before v1.25",
            "Pod Node didn't have enough resource: memory, requested: 2, used: 3, capacity: 4", .podCreationFailed,
            false
        ),
        ("OutOfcpu", "OutOfcpu: Node didn't have enough resource: cpu", .podCreationFailed, false),
        ("OutOfmemory", "OutOfmemory", .podCreationFailed, false),
        ("OutOfpods", "OutOfpods", .podCreationFailed, false),
        ("OutOf an extended resource", "OutOfnvidia.com/gpu", .podCreationFailed, false),
        (
            "UnexpectedAdmissionError",
            "Pod was rejected: Allocate failed due to requested number of devices unavailable for example.com/gpu",
            .podCreationFailed, false
        ),
        (
            "UnexpectedAdmissionError, its word", "UnexpectedAdmissionError: Allocate failed due to no healthy devices",
            .podCreationFailed, false
        ),
        ("NodeAffinity", "Pod was rejected: Predicate NodeAffinity failed", .podCreationFailed, false),
        ("NodeAffinity, before v1.25", "Pod Predicate NodeAffinity failed", .podCreationFailed, false),
        ("NodeAffinity, its word", "NodeAffinity", .podCreationFailed, false),
        // kube-controller-manager
        ("pkg/util/node", "Node node-1 which was running pod w-a is unresponsive", .podEvicted, nil),
        ("pkg/util/node, its word", "NodeLost", .podEvicted, nil),
        ("pkg/controller/tainteviction", "Taint manager: deleting due to NoExecute taint", .podEvicted, nil),
        ("its words", "DeletionByTaintManager", .podEvicted, nil),
        ("the event's word", "TaintManagerEviction", .podEvicted, nil),
        (
            "pkg/controller/devicetainteviction", "Device Taint manager: deleting due to NoExecute taint", .podEvicted,
            nil
        ),
        ("pkg/controller/podgc", "PodGC: node no longer exists", .podEvicted, nil),
        ("pkg/registry/core/pod/storage/eviction.go", "Eviction API: evicting", .podEvicted, nil),
        ("the reason of a pod", "Evicted", .podEvicted, nil),
        // kube-apiserver, answers to the create of a pod
        (
            "plugin/pkg/admission/limitranger",
            #"pods "w-a" is forbidden: maximum cpu usage per Container is 1, but limit is 4"#, .podCreationFailed,
            false
        ),
        (
            "plugin/pkg/admission/resourcequota",
            #"pods "w-a" is forbidden: failed quota: team: must specify limits.cpu for: main"#, .podCreationFailed,
            false
        ),
        (
            "pod-security-admission",
            #"pods "w-a" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false"#,
            .podCreationFailed, false
        ),
        (
            "plugin/pkg/admission/serviceaccount",
            #"pods "w-a" is forbidden: error looking up service account n/nobody: serviceaccount "nobody" not found"#,
            .podCreationFailed, false
        ),
        (
            "plugin/pkg/admission/priority",
            #"pods "w-a" is forbidden: no PriorityClass with name urgent was found"#, .podCreationFailed, false
        ),
        (
            "openshift/apiserver-library-go",
            #"pods "w-a" is forbidden: unable to validate against any security context constraint: []"#,
            .podCreationFailed, false
        ),
        (
            "authorization", #"pods is forbidden: User "system:serviceaccount:n:x" cannot create resource "pods""#,
            .podCreationFailed, false
        ),
        ("validation", #"Pod "w-a" is invalid: spec.containers[0].image: Required value"#, .podCreationFailed, false),
        (
            "a webhook", #"admission webhook "pods.example.com" denied the request: no"#, .podCreationFailed, false
        ),
    ]

    @Test(arguments: sentences)
    func `reads the end of a pod the same on both engines`(
        _ source: String, _ message: String, _ reason: Reason, _ executed: Bool?
    ) throws {
        for (name, state) in [("argo", try argo(message)), ("tekton", try tekton(message))] {
            #expect(state.reason == reason, "\(name), \(source)")
            #expect(state.outcome == .failed, "\(name), \(source)")
            #expect(state.executed == executed, "\(name), \(source)")
            #expect(state.failure?.task == "a", "\(name), \(source)")
            #expect(state.failure?.reason == reason.rawValue, "\(name), \(source)")
            #expect(state.message.contains(message), "\(name), \(source)")
        }
    }

    /// A container's output cannot pass for a message of Kubernetes.
    @Test(arguments: [
        "main: Error (exit code 1): Pod was rejected: no", "Pod was rejecting", "Container main was using 1Gi",
        "Podium was rejected: no", #"pods "a b" is forbidden: x"#, "Preempt", "outOfcpu", "PodGC",
    ])
    func `does not match similar messages`(_ message: String) {
        #expect(PodMessage.failureReason(message) == nil)
    }

    /// The pod was running when it was evicted, since its container exited with a code.
    @Test func `recognizes a step that ran by its exit code`() throws {
        let node =
            #""a":{"type":"Pod","phase":"Failed","displayName":"a","message":"Pod was terminated in response to imminent node shutdown.","outputs":{"exitCode":"143"}}"#
        let argo = try workflow(status: #"{"phase":"Failed","nodes":{\#(node)}}"#).state
        #expect(argo.reason == .podEvicted)
        #expect(argo.executed == true)
    }

    /// Argo writes the same message for an engine error and a task failure.
    @Test func `reports a pod that cannot be created as PodCreationFailed`() throws {
        let message = #"pods \"r\" is forbidden: maximum cpu usage per Container is 1, but limit is 4"#
        let node = #""r":{"id":"r","name":"r","displayName":"r","type":"Pod","phase":"Error","message":"\#(message)"}"#
        let state = try workflow(
            status:
                #"{"phase":"Error","message":"error in entry template execution: \#(message)","nodes":{\#(node)}}"#
        ).state
        #expect(state.reason == .podCreationFailed)
        #expect(state.executed == false)
    }

    // MARK: Both engines

    private func argo(_ message: String) throws -> RunState {
        let node = JSONValue(
            dictionaryLiteral: ("type", "Pod"), ("phase", "Failed"), ("displayName", "a"), ("boundaryID", "w"),
            ("message", .string(message)))
        let status = JSONValue(
            dictionaryLiteral: ("phase", "Failed"), ("message", "child 'a' failed"),
            ("nodes", ["w": ["type": "Steps", "phase": "Failed", "displayName": "w"], "a": node]))
        return try workflow(status: status.encodedString).state
    }

    private func tekton(_ message: String) throws -> RunState {
        let engine = TektonEngine()
        let run = try pipelineRun(
            status:
                #"{"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}],"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}]}"#
        )
        let condition = JSONValue(
            dictionaryLiteral: ("type", "Succeeded"), ("status", "False"), ("reason", "Failed"),
            ("message", .string(message)))
        let taskRun = JSONValue(
            dictionaryLiteral: ("metadata", ["name": "r-a", "labels": ["tekton.dev/pipelineTask": "a"]]),
            ("status", ["podName": "r-a-pod", "conditions": [condition]]))
        let list = JSONValue(dictionaryLiteral: ("items", [taskRun])).encoded
        return engine.state(of: run, children: try children(list, by: engine))
    }
}
