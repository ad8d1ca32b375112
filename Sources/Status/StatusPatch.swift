public import KubeClient
public import TowlineAPI

/// The JSON merge patch (RFC 7386) for the `status` subresource that changes one status into another.
///
/// It carries the resource version, so the API server answers 409 to a patch that was made for an older state or for
/// another object of the same name, and the UID for servers that compare it (kube-apiserver 1.36 does not for the status
/// of custom resources). Removed fields are null, as a merge patch requires; lists are sent whole.
public struct StatusPatch: Hashable, Sendable {
    public let body: [UInt8]

    /// The patch that changes the status of `execution` to `status`.
    public init(of execution: WorkflowExecution, to status: ExecutionStatus) {
        self.init(
            uid: execution.uid, resourceVersion: execution.resourceVersion, from: execution.status, to: status)
    }

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
            writer.key("observedGeneration")
            writer.integer(condition.observedGeneration)
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

// MARK: WorkflowExecution

extension ExecutionStatus {
    public func writeChanges(since old: ExecutionStatus, to writer: inout JSONWriter) {
        writer.change("outcome", old.outcome?.rawValue, outcome?.rawValue)
        writer.change("reason", old.reason?.rawValue, reason?.rawValue)
        writer.change("engine", old.engine?.rawValue, engine?.rawValue)
        writer.change("engineReason", old.engineReason, engineReason)
        writer.change("progress", old.progress, progress)
        writer.change("executed", old.executed, executed)
        if old.runRef != runRef { writer.run(runRef) }
        if old.failure != failure { writer.failure(failure) }
        writer.changeList("outputs", old.outputs, outputs) { writer, output in
            writer.member("name", output.name)
            writer.member("value", output.value)
        }
        writer.changeList("links", old.links, links) { writer, link in
            writer.member("name", link.name)
            writer.member("url", link.url)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func run(_ reference: RunReference?) {
        key("runRef")
        guard let reference else { return null() }
        beginObject()
        member("apiVersion", reference.apiVersion)
        member("kind", reference.kind)
        member("name", reference.name)
        member("uid", reference.uid)
        endObject()
    }

    /// Writes every member, null if absent, because the stored failure may have it.
    fileprivate mutating func failure(_ failure: Failure?) {
        key("failure")
        guard let failure else { return null() }
        beginObject()
        for (name, text) in [
            ("task", failure.task), ("step", failure.step), ("reason", failure.reason), ("message", failure.message),
        ] {
            key(name)
            if let text { string(text) } else { null() }
        }
        key("exitCode")
        if let exitCode = failure.exitCode { integer(exitCode) } else { null() }
        endObject()
    }
}
