import KubeClient
import KubeRuntime
import TowlineAPI

/// One Kubernetes event about an environment.
struct EnvironmentNotice: Hashable {
    let type: ObjectEvent.EventType
    let reason: String
    let action: String
    /// Towline's own text.
    let note: String
    /// Text that may quote values of parameters: from an execution, or from the API server.
    let detail: String

    /// The event about `environment`.
    ///
    /// More users can read events than environments, so parameter values in `detail` are masked.
    func event(regarding environment: Environment, masking mask: Mask) -> ObjectEvent {
        let kind = Environment.resourceType
        return ObjectEvent(
            type, reason: reason, action: action, note: note + mask.applied(to: detail),
            regarding: ObjectReference(
                apiVersion: kind.apiVersion, kind: kind.kind, key: environment.key, uid: environment.uid,
                resourceVersion: environment.resourceVersion))
    }

    private init(
        _ type: ObjectEvent.EventType, _ reason: String, _ action: String, _ note: String, quoting detail: String = ""
    ) {
        self.type = type
        self.reason = reason
        self.action = action
        self.note = note
        self.detail = detail
    }
}

extension EnvironmentNotice {
    /// The events for the change from the stored status to the next.
    static func transitions(of environment: Environment, to new: EnvironmentStatus) -> [EnvironmentNotice] {
        let old = environment.status
        var notices = new.phases.flatMap { record in
            transitions(from: old.record(of: record.name) ?? PhaseRecord(name: record.name), to: record)
        }
        if old.lastHandledRetryAt != new.lastHandledRetryAt, let request = new.lastHandledRetryAt {
            notices.append(Self(.normal, "RetryRequested", "RetryPhase", "A retry was requested: \(request)."))
        }
        if old.phase != .failed, new.phase == .failed, new.reason == .invalidParameters {
            notices.append(Self(.warning, "InvalidParameters", "CheckParameters", "", quoting: new.message ?? ""))
        }
        if old.readyAt == nil, new.readyAt != nil {
            notices.append(Self(.normal, "Ready", "Provision", "The environment is ready."))
        }
        if let before = old.expiresAt, let after = new.expiresAt, before < after {
            notices.append(Self(.normal, "Extended", "Extend", "The environment now expires at \(after.rfc3339)."))
        }
        for (condition, action) in [(EnvironmentConditionType.expiringSoon, "Expire"), (.extensionRefused, "Extend")] {
            guard let raised = new.condition(condition), raised.reason != old.condition(condition)?.reason else {
                continue
            }
            notices.append(Self(.warning, condition.rawValue, action, raised.message))
        }
        return notices + endings(from: old, to: new)
    }

    private static func transitions(from old: PhaseRecord, to new: PhaseRecord) -> [EnvironmentNotice] {
        let execution = new.executionName.map { " (execution \($0))" } ?? ""
        if new.attempt > old.attempt {
            return [Self(.normal, "PhaseStarted", "RunPhase", "Phase \(new.name) begins\(execution).")]
        }
        guard new.state != old.state else { return [] }
        return switch new.state {
        case .succeeded: [Self(.normal, "PhaseSucceeded", "RunPhase", "Phase \(new.name) succeeded\(execution).")]
        case .failed where old.state != .waitingForTime:
            [Self(.warning, "PhaseFailed", "RunPhase", "\(new.name) failed: ", quoting: new.message ?? "")]
        case .waitingForTime where new.outcome != nil:
            [
                Self(
                    .normal, "PhaseRetrying", "RetryPhase", "\(new.name) failed and is retried: ",
                    quoting: new.message ?? "")
            ]
        default: []
        }
    }

    /// The events about the termination and the end.
    private static func endings(from old: EnvironmentStatus, to new: EnvironmentStatus) -> [EnvironmentNotice] {
        var notices: [EnvironmentNotice] = []
        if old.condition(.expired)?.status != .true, let expired = new.condition(.expired), expired.status == .true {
            notices.append(Self(.normal, "Expired", "Expire", expired.message))
        }
        if old.terminationStartedAt == nil, new.terminationStartedAt != nil, new.phase == .terminating {
            notices.append(Self(.normal, "TerminationStarted", "Terminate", "The environment is being terminated."))
        }
        if old.reason != .teardownFailed, new.reason == .teardownFailed {
            notices.append(Self(.warning, "TeardownFailed", "TearDown", "", quoting: new.message ?? ""))
        }
        guard old.phase != .inactive, new.phase == .inactive, new.reason != .teardownFailed else { return notices }
        switch new.reason {
        case .teardownTimedOut?:
            notices.append(Self(.warning, "TeardownTimedOut", "TearDown", "", quoting: new.message ?? ""))
        case let reason? where reason.isBadEnd:
            notices.append(Self(.warning, reason.rawValue, "TearDown", "", quoting: new.message ?? ""))
        default:
            guard let tornDown = new.condition(.tornDown), tornDown.status == .true else { break }
            let text =
                tornDown.reason == EnvironmentConditionReason.nothingToTearDown.rawValue
                ? "There was nothing to tear down." : "The environment was torn down."
            notices.append(Self(.normal, "TornDown", "TearDown", text))
        }
        return notices
    }
}
