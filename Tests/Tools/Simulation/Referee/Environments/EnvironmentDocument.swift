import KubeClient

/// The phases of an environment: an independent reading of a lifecycle.
struct LifecycleDocument: Hashable {
    struct Phase: Hashable {
        let name: String
        /// The name of its WorkflowDefinition object; nil for native steps.
        let definition: String?
        let steps: [Step]
        let gatesNext: Bool
        let trigger: String?
        let retry: Retry?
        let isTeardown: Bool

        /// True for the phases that run one after another before the termination.
        var isSerial: Bool { !isTeardown && trigger != "failed" }

        /// The time that its pauses take.
        var pauses: Duration {
            steps.reduce(.zero) { sum, step in
                if case .pause(let seconds) = step { sum + .seconds(seconds) } else { sum }
            }
        }
    }

    enum Step: Hashable {
        case markReady
        case pause(Int64)
    }

    struct Retry: Hashable {
        let limit: Int64
        let outcomes: Set<String>
        let backoff: Int64

        /// The pause before the attempt with this number, if the attempts since the last manual retry are `count`.
        func pause(after count: Int64) -> Duration {
            var seconds = backoff
            for _ in 1..<max(1, count) { seconds = min(600, seconds * 2) }
            return .seconds(min(600, seconds))
        }
    }

    /// What makes an environment ready.
    enum Readiness: Hashable {
        case start
        case phase(String)
        /// The step `markReady` of a phase, with the pauses before it.
        case step(String, after: Duration)
    }

    let phases: [Phase]
    let readiness: Readiness
    let tearsDownOnFailure: Bool

    /// Reads `spec.lifecycle`, the spec of a Lifecycle, or `status.lifecycle`; nil without phases.
    init?(_ fragment: JSONValue?) {
        guard let list = fragment?["phases"]?.arrayValue, !list.isEmpty else { return nil }
        phases = list.map(Phase.init)
        tearsDownOnFailure = fragment?["onFailure"] == "Teardown"
        let marking = phases.first { $0.steps.contains(.markReady) }
        if let marking {
            var before = Duration.zero
            for case .pause(let seconds) in marking.steps.prefix(while: { $0 != .markReady }) {
                before += .seconds(seconds)
            }
            readiness = .step(marking.name, after: before)
        } else if let name = fragment?["readyAfter"]?.stringValue {
            readiness = .phase(name)
        } else {
            let first = phases.first {
                $0.definition != nil && !$0.isTeardown && $0.trigger != "failed" && $0.trigger != "ready"
            }
            readiness = first.map { .phase($0.name) } ?? .start
        }
    }

    var teardown: Phase? { phases.first(where: \.isTeardown) }

    subscript(_ name: String) -> Phase? { phases.first { $0.name == name } }

    /// The phase that readiness depends on; nil if the environment is ready at the start.
    var readyPhase: String? {
        switch readiness {
        case .start: nil
        case .phase(let name), .step(let name, _): name
        }
    }
}

extension LifecycleDocument.Phase {
    init(_ phase: JSONValue) {
        name = phase["name"]?.stringValue ?? ""
        let workflow = phase["workflow"]
        definition =
            phase["engine"] == "workflow"
            ? "\(workflow?["name"]?.stringValue ?? "")-\(workflow?["version"]?.stringValue ?? "")" : nil
        steps = (phase["steps"]?.arrayValue ?? []).map { step in
            step["pause"].map { .pause($0["seconds"]?.integerValue ?? 0) } ?? .markReady
        }
        gatesNext = phase["gatesNext"]?.boolValue ?? true
        trigger = phase["triggerOnStatus"]?.stringValue
        isTeardown = phase["teardown"]?.boolValue ?? false
        // A limit of zero is the default.
        retry = phase["retry"].flatMap { retry in
            guard retry["limit"] != 0 else { return nil }
            let outcomes = retry["onOutcomes"]?.arrayValue?.compactMap(\.stringValue)
            return LifecycleDocument.Retry(
                limit: retry["limit"]?.integerValue ?? 0, outcomes: Set(outcomes ?? ["Failed", "Timeout", "Error"]),
                backoff: retry["backoffSeconds"]?.integerValue ?? 30)
        }
    }
}

/// When an environment begins and ends, by the API server's clock.
struct TimeslotDocument {
    let start: Timestamp?
    let end: Timestamp?
    let ttl: Duration?
    let lead: Duration
    let maxEnd: Timestamp?
    let teardown: Duration

    init(_ spec: JSONValue?) {
        let timeslot = spec?["timeslot"]
        func time(_ field: String) -> Timestamp? {
            timeslot?[field]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
        }
        func duration(_ field: String) -> Duration? { timeslot?[field]?.integerValue.map { .seconds($0) } }
        start = time("start")
        end = time("end")
        ttl = duration("ttlSeconds")
        lead = duration("leadSeconds") ?? .zero
        maxEnd = time("maxEnd")
        teardown = duration("teardownSeconds") ?? .seconds(600)
    }

    /// `maxEnd` alone is only the bound of extensions.
    var hasExpiry: Bool { end != nil || ttl != nil }

    /// When provisioning may begin; nil for at once.
    var provisioning: Timestamp? { start.map { $0 - lead } }

    /// When the environment expires without an extension; nil without an expiry, and with a TTL before the start.
    func expiry(startedAt: Timestamp?) -> Timestamp? {
        guard let own = end ?? ttl.flatMap({ ttl in startedAt.map { $0 + ttl } }) else { return nil }
        return min(own, maxEnd ?? own)
    }

    /// The time after which a running execution is terminated.
    var grace: Duration { min(.seconds(60), teardown / 4) }
}

/// One environment as the API server has it, with what the rules need.
struct EnvironmentView {
    let object: JSONValue

    var spec: JSONValue? { object["spec"] }
    var status: JSONValue? { object["status"] }
    var phase: String { status?["phase"]?.stringValue ?? "Pending" }
    var reason: String { status?["reason"]?.stringValue ?? "" }
    var timeslot: TimeslotDocument { TimeslotDocument(spec) }
    var isInactiveDesired: Bool { spec?["desired"] == "Inactive" }
    var isMarked: Bool { object["metadata"]?["deletionTimestamp"] != nil }
    var signals: Set<String> { Set((spec?["signals"]?.arrayValue ?? []).compactMap(\.stringValue)) }
    var finalizers: [String] { SimulatedServer.finalizers(of: object).compactMap(\.stringValue) }
    var hasFinalizer: Bool { finalizers.contains("towline.dev/teardown") }

    /// The lifecycle of the spec, or the recorded copy of the referenced one; nil before it is recorded.
    var lifecycle: LifecycleDocument? { LifecycleDocument(spec?["lifecycle"] ?? status?["lifecycle"]) }

    /// The object name of the Lifecycle that it names.
    var referenceName: String {
        let reference = spec?["lifecycleRef"]
        return "\(reference?["name"]?.stringValue ?? "")-\(reference?["version"]?.stringValue ?? "")"
    }

    func annotation(_ name: String) -> String? {
        object["metadata"]?["annotations"]?["towline.dev/\(name)"]?.stringValue
    }

    var skipsTeardown: Bool { annotation("skip-teardown") == "true" }

    func time(_ field: String) -> Timestamp? { status?[field]?.stringValue.flatMap { Timestamp(rfc3339: $0) } }

    /// The recorded state of a phase.
    func state(_ phase: String) -> PhaseView? {
        status?["phases"]?.arrayValue?.first { $0["name"]?.stringValue == phase }.map(PhaseView.init)
    }

    var states: [PhaseView] { (status?["phases"]?.arrayValue ?? []).map(PhaseView.init) }

    func condition(_ type: String) -> JSONValue? {
        status?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == type }
    }

    /// `True/Reason`, or `absent`.
    func summary(_ type: String) -> String {
        guard let condition = condition(type) else { return "absent" }
        return "\(condition["status"]?.stringValue ?? "?")/\(condition["reason"]?.stringValue ?? "?")"
    }
}

/// The recorded state of one phase.
struct PhaseView {
    let value: JSONValue

    var name: String { value["name"]?.stringValue ?? "" }
    var state: String { value["state"]?.stringValue ?? "" }
    var attempt: Int64 { value["attempt"]?.integerValue ?? 0 }
    var execution: String? { value["executionRef"]?["name"]?.stringValue }
    var executionUID: String? { value["executionRef"]?["uid"]?.stringValue }
    var outcome: String? { value["outcome"]?.stringValue }
    var reason: String { value["reason"]?.stringValue ?? "" }

    /// True if it will not change without a retry.
    var hasEnded: Bool { ["Succeeded", "Failed", "Skipped", "Cancelled"].contains(state) }
    var hasFailed: Bool { state == "Failed" || state == "Cancelled" }
    var isBusy: Bool { state == "Running" || state == "WaitingForTime" }

    func time(_ field: String) -> Timestamp? { value[field]?.stringValue.flatMap { Timestamp(rfc3339: $0) } }
}
