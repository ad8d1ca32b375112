import KubeClient
import TowlineAPI

/// The execution of one attempt of a phase, as it is created.
struct PhaseExecution: Hashable, Sendable {
    let name: String
    let environment: ObjectKey
    let environmentUID: String
    let phase: String
    let attempt: Int64
    /// False for the teardown phase. If the environment owned that execution, the garbage collector could delete it
    /// together with the environment, before it has run.
    let isOwned: Bool
    let definition: DefinitionID
    let workflow: ResolvedWorkflow
    let parameters: [MapEntry]
    let serviceAccountName: String?
    let timeoutSeconds: Int64?
    let startDeadlineSeconds: Int64?
    let ttlSeconds: Int64?
    /// Set for an execution that must never run: it takes the name, so that a create that was sent earlier fails.
    let shutdown: Shutdown?
}

extension PhaseExecution {
    /// How long the execution of a teardown phase is kept as a record: nothing owns it.
    static let teardownTTLSeconds: Int64 = 7 * 86_400
    /// How many executions of a phase are kept.
    static let keptAttempts: Int64 = 3

    /// The name of the execution of an attempt: at most 63 characters, shortened at the name of the environment.
    static func name(environment: String, uid: String, phase: String, attempt: Int64) -> String {
        let digits = uid.utf8.filter { $0 != UInt8(ascii: "-") }.prefix(6)
        let suffix = "-\(phase)-\(String(decoding: digits, as: UTF8.self))-\(attempt)"
        var prefix = Array(environment.utf8.prefix(max(0, 63 - suffix.utf8.count)))
        while let last = prefix.last, last == UInt8(ascii: "-") || last == UInt8(ascii: ".") { prefix.removeLast() }
        return String(decoding: prefix, as: UTF8.self) + suffix
    }

    /// The JSON of the execution.
    var body: [UInt8] {
        let type = WorkflowExecution.resourceType
        var writer = JSONWriter(reservingCapacity: 1024)
        writer.object { writer in
            writer.member("apiVersion", type.apiVersion)
            writer.member("kind", type.kind)
            writer.member("metadata") { metadata(&$0) }
            writer.member("spec") { spec(&$0) }
        }
        return writer.bytes
    }

    private func metadata(_ writer: inout JSONWriter) {
        writer.member("name", name)
        writer.member("namespace", environment.namespace)
        writer.member("labels") { writer in
            writer.member(WellKnown.environmentUIDLabel, environmentUID)
            writer.member(WellKnown.phaseLabel, phase)
            writer.member(WellKnown.attemptLabel, "\(attempt)")
        }
        writer.member("annotations") { $0.member(WellKnown.environmentAnnotation, environment.name) }
        guard isOwned else { return }
        writer.key("ownerReferences")
        writer.array { writer in
            writer.object { writer in
                writer.member("apiVersion", Environment.resourceType.apiVersion)
                writer.member("kind", Environment.resourceType.kind)
                writer.member("name", environment.name)
                writer.member("uid", environmentUID)
                writer.key("controller")
                writer.bool(true)
                writer.key("blockOwnerDeletion")
                writer.bool(true)
            }
        }
    }

    fileprivate func spec(_ writer: inout JSONWriter) {
        let target = workflow.target
        writer.member("workflowRef") { writer in
            writer.member("workflowId", definition.name)
            writer.member("version", definition.version)
            writer.member("engine", workflow.engine.rawValue)
            writer.members([
                ("name", target.name), ("containerImage", target.containerImage),
                ("containerDigest", target.containerDigest), ("imagePullSecret", target.imagePullSecret),
            ])
            if let clusterScope = target.clusterScope {
                writer.key("clusterScope")
                writer.bool(clusterScope)
            }
            if let resolver = target.resolver {
                writer.member("resolver") { writer in
                    writer.member("name", resolver.name)
                    writer.member("params") { writer in
                        for entry in resolver.parameters { writer.member(entry.key, entry.value) }
                    }
                }
            }
        }
        if !parameters.isEmpty {
            writer.member("parameters") { writer in
                for entry in parameters { writer.member(entry.key, entry.value) }
            }
        }
        let numbers = [
            ("timeoutSeconds", timeoutSeconds), ("startDeadlineSeconds", startDeadlineSeconds),
            ("ttlSecondsAfterFinished", ttlSeconds),
        ]
        if serviceAccountName != nil || numbers.contains(where: { $0.1 != nil }) {
            writer.member("executionConfig") { writer in
                writer.members([("serviceAccountName", serviceAccountName)])
                for case (let name, let value?) in numbers {
                    writer.key(name)
                    writer.integer(value)
                }
            }
        }
        writer.members([("shutdown", shutdown?.rawValue)])
    }
}

extension PhaseExecutionState {
    /// Whether this is the execution of an attempt, from an earlier request: it belongs to the environment, and does the
    /// same work.
    ///
    /// Anyone who may create executions can choose its name and labels. If only these counted, an execution of a workflow
    /// that does nothing could stand in for a phase.
    func isSame(as wanted: PhaseExecution) -> Bool {
        guard environmentUID == wanted.environmentUID, !wanted.isOwned || ownerUID == wanted.environmentUID,
            let spec = execution.spec, let expected = wanted.expectedSpec
        else { return false }
        return spec.essence(isTeardown: !wanted.isOwned) == expected.essence(isTeardown: !wanted.isOwned)
    }
}

extension PhaseExecution {
    /// The spec as it is read back; nil if it cannot be read.
    fileprivate var expectedSpec: ExecutionSpec? {
        var writer = JSONWriter()
        writer.object { spec(&$0) }
        var cursor = JSONCursor(writer.bytes)
        return try? ExecutionSpec(reading: &cursor)
    }
}

extension ExecutionSpec {
    /// What an earlier request for the same attempt has in common with a later one.
    ///
    /// Users may stop an execution and change how long it is kept. The expiry may have moved, and the time that is left
    /// for a teardown has become shorter.
    fileprivate func essence(isTeardown: Bool) -> ExecutionSpec {
        var spec = self
        spec.shutdown = nil
        spec.executionConfig.ttlSecondsAfterFinished = nil
        spec.executionConfig.runTTLSecondsAfterFinished = nil
        spec.executionConfig.keepRunUntilArchived = nil
        if isTeardown {
            spec.executionConfig.timeoutSeconds = nil
            spec.executionConfig.startDeadlineSeconds = nil
        }
        spec.parameters.removeAll { $0.name == PhaseParameters.expiry }
        // The API server orders the members of objects.
        spec.parameters.sort { $0.name < $1.name }
        spec.workflowRef.resolver?.parameters.sort { $0.key < $1.key }
        return spec
    }
}

extension JSONWriter {
    /// Writes the members that have a value.
    fileprivate mutating func members(_ members: [(name: String, text: String?)]) {
        for case (let name, let text?) in members { member(name, text) }
    }
}
