import KubeClient
public import TowlineAPI

/// The JSON merge patch (RFC 7386) for the `status` subresource that leads from one status to another.
///
/// It carries the resource version as precondition, so that the API server answers 409 to a patch that was made for an
/// older state or for an object of the same name, and the UID for servers that compare it (kube-apiserver 1.36 does not
/// for the status of custom resources). Members that went away are set to null, as a merge patch asks for; lists travel
/// whole.
public struct StatusPatch: Hashable, Sendable {
    public let body: [UInt8]

    /// The patch from the status `execution` has to `status`.
    public init(of execution: WorkflowExecution, to status: ExecutionStatus) {
        var writer = JSONWriter(reservingCapacity: 2048)
        writer.beginObject()
        writer.key("metadata")
        writer.beginObject()
        writer.member("uid", execution.uid)
        if !execution.resourceVersion.isEmpty {
            writer.member("resourceVersion", execution.resourceVersion.text)
        }
        writer.endObject()
        writer.key("status")
        writer.beginObject()
        writer.changes(from: execution.status, to: status)
        writer.endObject()
        writer.endObject()
        body = writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func changes(from old: ExecutionStatus, to new: ExecutionStatus) {
        // Always there, so that the stored object never depends on a schema's defaults.
        key("observedGeneration")
        integer(new.observedGeneration)
        member("phase", new.phase.rawValue)
        change("outcome", old.outcome?.rawValue, new.outcome?.rawValue)
        change("reason", old.reason?.rawValue, new.reason?.rawValue)
        change("message", old.message, new.message)
        change("engine", old.engine?.rawValue, new.engine?.rawValue)
        change("engineReason", old.engineReason, new.engineReason)
        change("startedAt", old.startedAt?.rfc3339, new.startedAt?.rfc3339)
        change("finishedAt", old.finishedAt?.rfc3339, new.finishedAt?.rfc3339)
        change("updatedAt", old.updatedAt?.rfc3339Microseconds, new.updatedAt?.rfc3339Microseconds)
        change("progress", old.progress, new.progress)
        if old.executed != new.executed {
            key("executed")
            if let executed = new.executed { bool(executed) } else { null() }
        }
        if old.runRef != new.runRef { run(new.runRef) }
        if old.failure != new.failure { failure(new.failure) }
        list("outputs", old.outputs, new.outputs) { writer, output in
            writer.member("name", output.name)
            writer.member("value", output.value)
        }
        list("links", old.links, new.links) { writer, link in
            writer.member("name", link.name)
            writer.member("url", link.url)
        }
        list("conditions", old.conditions, new.conditions) { writer, condition in
            writer.condition(condition)
        }
    }

    /// A member's new text, null where it has none, nothing where it is the same.
    private mutating func change(_ name: String, _ old: String?, _ new: String?) {
        guard old != new else { return }
        key(name)
        if let new { string(new) } else { null() }
    }

    private mutating func list<Element: Equatable>(
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

    private mutating func run(_ reference: RunReference?) {
        key("runRef")
        guard let reference else { return null() }
        beginObject()
        member("apiVersion", reference.apiVersion)
        member("kind", reference.kind)
        member("name", reference.name)
        member("uid", reference.uid)
        endObject()
    }

    /// Every member is written, as null where it is absent: the failure that stood there before may have had it.
    private mutating func failure(_ failure: Failure?) {
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

    private mutating func condition(_ condition: Condition) {
        member("type", condition.type)
        member("status", condition.status.rawValue)
        key("observedGeneration")
        integer(condition.observedGeneration)
        member("lastTransitionTime", condition.lastTransitionTime.rfc3339)
        member("reason", condition.reason)
        member("message", condition.message)
    }
}
