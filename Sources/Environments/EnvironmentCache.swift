package import KubeClient
import KubeRuntime
package import TowlineAPI

/// What is kept in memory of an environment: when it needs attention next, and what metrics report.
///
/// An environment at rest takes a few hundred bytes. Everything else is read from the API server when it is needed, so
/// that no decision is based on an old state.
package struct EnvironmentEntry: Hashable, Sendable {
    package let key: ObjectKey
    package let uid: String
    package let resourceVersion: ResourceVersion
    package let phase: EnvironmentPhase
    package let isExpiringSoon: Bool
    /// When the phase that the metrics watch began.
    package let since: ServerTime?
    package let attention: Attention

    /// When an environment needs attention if nothing changes.
    package enum Attention: Hashable {
        case now
        case at(ServerTime)
        case never
    }

    /// The entry of an environment, for which nothing was read besides itself.
    package init(of environment: Environment, now: ServerTime, expiryWarning: Duration) {
        key = environment.key
        uid = environment.uid
        resourceVersion = environment.resourceVersion
        phase = environment.status.phase
        isExpiringSoon = environment.status.condition(.expiringSoon)?.status == .true
        since = phase == .terminating ? environment.status.terminationStartedAt : environment.status.startedAt
        let expiry = environment.status.terminationStartedAt == nil ? environment.status.expiresAt : nil
        if let expiry, expiry <= now, !phase.isTerminal {
            // The schedule begins with the environment that is overdue for the longest time.
            attention = .at(expiry)
            return
        }
        var decision = EnvironmentDecision(
            of: environment, facts: EnvironmentFacts(), now: now, expiryWarning: expiryWarning)
        attention =
            switch decision.next() {
            case .rest(let time?): .at(time)
            case .rest(nil): .never
            default: .now
            }
    }
}

extension EnvironmentEntry: StoredObject {}

/// What is kept of an execution that belongs to an environment.
struct PhaseExecutionEntry: StoredObject, Hashable {
    let key: ObjectKey
    let uid: String
    let resourceVersion: ResourceVersion
    /// The environment that the execution names; nil if it names none.
    let environment: ObjectKey?
    let isFinished: Bool
    let isDeleted: Bool

    /// The longest name of an object, in bytes.
    private static let longestName = 253

    /// Reads the metadata and the phase, in one pass.
    static let decoder: ObjectDecoder<PhaseExecutionEntry> = { (cursor) throws(JSONError) in
        let start = cursor.offset
        var metadata = ObjectMetadata()
        var phase = Phase.pending
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "metadata":
                metadata = try ObjectMetadata(&cursor, annotations: [WellKnown.environmentAnnotation])
            case "status": phase = try ExecutionStatus.phase(reading: &cursor)
            default: try cursor.skipValue()
            }
        }
        guard !metadata.name.isEmpty else { throw JSONError("metadata.name: missing", offset: start) }
        // Users can write the annotation too, with any text.
        let name = metadata.annotation(WellKnown.environmentAnnotation).flatMap { text in
            text.isEmpty || text.utf8.count > longestName ? nil : text
        }
        return PhaseExecutionEntry(
            key: metadata.key, uid: metadata.uid, resourceVersion: metadata.resourceVersion,
            environment: name.map { ObjectKey(namespace: metadata.key.namespace, name: $0) },
            isFinished: phase.isTerminal,
            isDeleted: metadata.deletionTimestamp != nil)
    }
}

extension PhaseExecutionState {
    /// Reads a whole execution with the label that names its environment.
    static let decoder: ObjectDecoder<PhaseExecutionState> = { (cursor) throws(JSONError) in
        var copy = cursor
        let metadata = try ObjectMetadata(ofObject: &copy)
        return PhaseExecutionState(
            execution: try WorkflowExecution.decoder(&cursor),
            environmentUID: metadata.label(WellKnown.environmentUIDLabel), ownerUID: metadata.controller?.uid)
    }
}

extension ObjectMetadata {
    /// Reads the metadata in an object.
    fileprivate init(ofObject cursor: inout JSONCursor, annotations: [String] = []) throws(JSONError) {
        var metadata = ObjectMetadata()
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if key == "metadata" {
                metadata = try ObjectMetadata(&cursor, annotations: annotations)
            } else {
                try cursor.skipValue()
            }
        }
        self = metadata
    }
}

/// The environments of the served namespaces, with the schedule of those that wait for a time.
struct EnvironmentCache: Sendable {
    let stores: ScopedStores<EnvironmentEntry>
    let schedule: TurnSchedule

    /// Schedules an environment after a change, or removes it; returns whether it needs attention now.
    func follow(_ change: StoreChange<EnvironmentEntry>) -> ReconcileRequest? {
        switch change {
        case .added(let entry), .changed(_, let entry):
            switch entry.attention {
            case .now: return .changed(entry.key)
            case .at(let time): schedule.plan(entry.key, at: time)
            case .never: schedule.forget(entry.key)
            }
            return nil
        case .deleted(let entry):
            schedule.forget(entry.key)
            return .deleted(entry.key)
        case .quarantined, .vanished, .synced, .unavailable: return nil
        }
    }

    /// Stores the answer to a write.
    func apply(_ entry: EnvironmentEntry) {
        for change in stores.apply(entry) { _ = follow(change) }
    }

    /// The environments that need attention when the workers start.
    var keysThatNeedAttention: [ObjectKey] {
        stores.scopes.flatMap { scope in
            scope.store.compactMap { $0.attention == .now ? $0.key : nil }
        }
    }
}
