public import KubeClient
public import TowlineAPI

/// One update of the status of any kind: starts from the stored status, collects changes, and applies the shared rules.
///
/// `startedAt` and `finishedAt` are set once, `duration` together with `finishedAt`; the phase only moves as
/// ``StatusPhase/mayBecome(_:)`` allows; after a terminal phase only conditions and `observedGeneration` change;
/// `lastTransitionTime` moves only when a condition's status does; `updatedAt` moves with every update and never back.
public struct StatusUpdate<Status: KindStatus>: Sendable {
    private let before: Status
    /// The status as changed so far; ``result`` has the derived conditions and the update time.
    public private(set) var status: Status
    private let generation: Int64
    let now: ServerTime

    /// Starts an update of a stored status.
    ///
    /// - Parameters:
    ///   - generation: the `metadata.generation` of the object that `status` was read with.
    ///   - now: the time of the update by the API server's clock.
    public init(of status: Status, generation: Int64, now: ServerTime) {
        self.before = status
        self.status = status
        self.generation = generation
        self.now = now
    }

    /// Changes the kind's own fields; does nothing in a terminal phase, so that a result never changes.
    public mutating func revise(_ change: (inout Status) -> Void) {
        guard !status.phase.isTerminal else { return }
        change(&status)
    }

    /// Sets the message, without control characters and truncated to the bound of the schema; does nothing in a terminal
    /// phase.
    public mutating func setMessage(_ message: String) {
        let text = message.displayable.bounded(to: Bounds.message)
        revise { $0.message = text.isEmpty ? nil : text }
    }

    /// Enters `phase` if the current and the stored one allow it, and sets the times that it requires.
    public mutating func enter(_ phase: Status.Phase) {
        guard !status.phase.isTerminal, status.phase.mayBecome(phase), before.phase.mayBecome(phase) else { return }
        status.phase = phase
        let time = now.roundedDownToSeconds
        if phase.requiresStart, status.startedAt == nil { status.startedAt = time }
        guard phase.isTerminal, status.finishedAt == nil else { return }
        // Two operators may disagree on the time.
        let end = max(time, status.startedAt ?? time)
        status.finishedAt = end
        status.duration = status.startedAt.map { Self.goDuration(seconds: end.seconds - $0.seconds) }
    }

    /// Sets a condition; does nothing for the types that the status derives.
    public mutating func setCondition(
        _ type: Status.ConditionType, _ value: ConditionStatus, reason: String, message: String
    ) {
        guard !Status.derivedConditionTypes.contains(type) else { return }
        let condition = Condition(
            type: type.rawValue, status: value, observedGeneration: generation,
            lastTransitionTime: now.roundedDownToSeconds, reason: reason,
            message: message.displayable.bounded(to: Bounds.message))
        if let index = status.conditions.firstIndex(where: { $0.type == condition.type }) {
            status.conditions[index] = condition
        } else {
            status.conditions.append(condition)
        }
    }

    /// Removes a condition; does nothing for the types that the status derives.
    public mutating func removeCondition(_ type: Status.ConditionType) {
        guard !Status.derivedConditionTypes.contains(type) else { return }
        status.conditions.removeAll { $0.type == type.rawValue }
    }

    /// The new status; nil if only the time of the update would change.
    public var result: Status? {
        var result = status
        result.observedGeneration = generation
        result.conditions = currentConditions
        guard result != before else { return nil }
        result.updatedAt = nextUpdate
        return result
    }

    /// The derived conditions, then Towline's others, then those of other writers.
    ///
    /// A condition whose status is the same as before keeps its transition time.
    private var currentConditions: [Condition] {
        func stored(_ type: String, _ value: ConditionStatus) -> Condition? {
            before.conditions.first { $0.type == type && $0.status == value }
        }
        let derived = status.derivedConditions.map { type, value in
            let known = stored(type.rawValue, value)
            return Condition(
                type: type.rawValue, status: value, observedGeneration: generation,
                lastTransitionTime: known?.lastTransitionTime ?? now.roundedDownToSeconds,
                reason: reason(of: known), message: status.message ?? "")
        }
        var own: [Condition] = []
        var foreign: [Condition] = []
        for var condition in status.conditions {
            guard let type = Status.ConditionType(rawValue: condition.type) else {
                foreign.append(condition)
                continue
            }
            if Status.derivedConditionTypes.contains(type) { continue }
            condition.observedGeneration = generation
            if let known = stored(condition.type, condition.status) {
                condition.lastTransitionTime = known.lastTransitionTime
            }
            own.append(condition)
        }
        return Array((derived + own + foreign).prefix(Bounds.conditions))
    }

    /// The reason of the status; if this version does not know it, that of the stored condition, or else the phase.
    private func reason(of known: Condition?) -> String {
        if let reason = status.derivedReason { return reason }
        if let reason = known?.reason, !reason.isEmpty { return reason }
        return status.phase.rawValue
    }

    /// Now, but at least a microsecond after the last update: the time moves even if operators' clocks differ.
    private var nextUpdate: ServerTime {
        let nanoseconds = Int64(now.nanoseconds)
        let micro = ServerTime(seconds: now.seconds, nanoseconds: nanoseconds - nanoseconds % 1000)
        guard let last = before.updatedAt else { return micro }
        return max(micro, last + .microseconds(1))
    }

    /// A span of whole seconds as Go's `time.Duration` prints it: `0s`, `1m32s`, `26h0m5s`.
    private static func goDuration(seconds total: Int64) -> String {
        let (hours, minutes, seconds) = (total / 3600, total / 60 % 60, total % 60)
        if hours > 0 { return "\(hours)h\(minutes)m\(seconds)s" }
        return minutes > 0 ? "\(minutes)m\(seconds)s" : "\(seconds)s"
    }
}

/// The JSON merge patch (RFC 7386) for the `status` subresource that changes one status into another.
///
/// It includes the resource version, so the API server answers 409 to a patch that was made for an older state or for
/// another object of the same name, and the UID for servers that compare it (kube-apiserver 1.36 does not for the
/// status of custom resources). Removed fields are null, as a merge patch requires; lists are sent whole.
public struct StatusPatch: Hashable, Sendable {
    public let body: [UInt8]

    /// The patch of an object of any kind; an empty resource version is left out.
    public init<Status: KindStatus>(
        uid: String, resourceVersion: ResourceVersion, from old: Status, to new: Status
    ) {
        var writer = JSONWriter(reservingCapacity: 2048)
        writer.beginObject()
        writer.key("metadata")
        writer.beginObject()
        writer.member("uid", uid)
        if !resourceVersion.isEmpty {
            writer.member("resourceVersion", resourceVersion.text)
        }
        writer.endObject()
        writer.key("status")
        writer.beginObject()
        writer.sharedChanges(from: old, to: new)
        new.writeChanges(since: old, to: &writer)
        writer.endObject()
        writer.endObject()
        body = writer.bytes
    }
}

extension JSONWriter {
    /// The changed fields that every kind has.
    fileprivate mutating func sharedChanges<Status: KindStatus>(from old: Status, to new: Status) {
        // Always sent, so that the stored object never depends on the schema's defaults.
        key("observedGeneration")
        integer(new.observedGeneration)
        member("phase", new.phase.rawValue)
        change("message", old.message, new.message)
        change("startedAt", old.startedAt?.rfc3339, new.startedAt?.rfc3339)
        change("finishedAt", old.finishedAt?.rfc3339, new.finishedAt?.rfc3339)
        change("duration", old.duration, new.duration)
        change("updatedAt", old.updatedAt?.rfc3339Microseconds, new.updatedAt?.rfc3339Microseconds)
        changeList("conditions", old.conditions, new.conditions) { writer, condition in
            writer.member("type", condition.type)
            writer.member("status", condition.status.rawValue)
            // A condition of another writer may have none.
            if condition.observedGeneration != 0 {
                writer.key("observedGeneration")
                writer.integer(condition.observedGeneration)
            }
            writer.member("lastTransitionTime", condition.lastTransitionTime.rfc3339)
            writer.member("reason", condition.reason)
            writer.member("message", condition.message)
        }
    }

    /// Writes a member's new text, null if it was removed, nothing if it is unchanged.
    package mutating func change(_ name: String, _ old: String?, _ new: String?) {
        guard old != new else { return }
        key(name)
        if let new { string(new) } else { null() }
    }

    /// Writes a member's new flag, null if it was removed, nothing if it is unchanged.
    package mutating func change(_ name: String, _ old: Bool?, _ new: Bool?) {
        guard old != new else { return }
        key(name)
        if let new { bool(new) } else { null() }
    }

    /// Writes a list of objects, null if it became empty, nothing if it is unchanged.
    package mutating func changeList<Element: Equatable>(
        _ name: String, _ old: [Element], _ new: [Element], _ write: (inout JSONWriter, Element) -> Void
    ) {
        guard old != new else { return }
        key(name)
        guard !new.isEmpty else { return null() }
        beginArray()
        for element in new {
            beginObject()
            write(&self, element)
            endObject()
        }
        endArray()
    }
}
