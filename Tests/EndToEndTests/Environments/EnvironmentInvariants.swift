import KubeClient

/// The invariants of every environment, checked on its recorded versions.
///
/// The invariants are those of the contract; nothing here comes from the operator's code.
struct EnvironmentInvariants {
    private var violations: [String] = []
    private let record: EnvironmentHistory.Record

    /// Describes every violation.
    static func violations(in record: EnvironmentHistory.Record) -> [String] {
        var checker = EnvironmentInvariants(record: record)
        let histories = Dictionary(grouping: record.environments) { $0.object.uid ?? "" }
        for versions in histories.values { checker.check(versions) }
        return checker.violations
    }

    private init(record: EnvironmentHistory.Record) {
        self.record = record
    }

    private mutating func require(_ holds: Bool, _ version: JSONValue, _ rule: @autoclosure () -> String) {
        guard !holds else { return }
        violations.append("\(version.name ?? ""): \(rule()); status: \(version["status"]?.encodedString ?? "")")
    }

    private mutating func check(_ versions: [EnvironmentHistory.Version]) {
        let observed = versions.filter { !$0.isRemoval && $0.object.isObserved }.map(\.object)
        for version in observed {
            checkConditions(version)
            checkPhases(version)
        }
        for (earlier, later) in zip(observed, observed.dropFirst()) where earlier["status"] != later["status"] {
            checkChange(from: earlier, to: later)
        }
        checkExecutions(versions)
    }

    // MARK: One version

    /// The reasons of each phase.
    private static let reasons: [String: Set<String>] = [
        "Pending": ["LifecycleNotFound", "DefinitionNotFound", "APIUnavailable", "Forbidden"],
        "Approaching": ["WaitingForStart"],
        "Provisioning": Set(held + ["PhaseRunning", "PhaseRetrying", "WaitingForSignal", "Paused"]),
        "Active": Set(held + ["Ready", "PhaseRunning", "PhaseRetrying", "WaitingForSignal", "Paused"]),
        "Degraded": failures, "Failed": failures,
        "Terminating": ["Stopping", "TearingDown", "TeardownRetrying", "TeardownFailed"],
        "Inactive": Set(regularEnds + irregularEnds),
    ]
    private static let held = ["APIUnavailable", "QuotaExceeded", "Forbidden"]
    private static let failures: Set<String> = [
        "PhaseFailed", "ExecutionDeleted", "NameCollision", "InvalidSpec", "InvalidParameters",
    ]
    private static let regularEnds = ["Expired", "Deactivated", "Deleted", "FailureTornDown"]
    private static let irregularEnds = [
        "TimeslotMissed", "TeardownFailed", "TeardownTimedOut", "TeardownSkipped", "NamespaceTerminating",
        "StopTimedOut",
    ]

    private mutating func checkConditions(_ version: JSONValue) {
        let (phase, reason) = (version.status("phase") ?? "", version.status("reason") ?? "")
        require(Self.reasons[phase]?.contains(reason) == true, version, "\(phase) has the reason \(reason)")
        let expected: [String?]
        switch phase {
        case "Active": expected = ["True", ["Ready", "WaitingForSignal"].contains(reason) ? nil : "True", nil]
        case "Degraded", "Failed": expected = ["False", nil, "True"]
        case "Inactive": expected = Self.regularEnds.contains(reason) ? [nil, nil, nil] : ["False", nil, "True"]
        default: expected = ["False", "True", nil]
        }
        let actual = ["Ready", "Reconciling", "Stalled"].map { version.condition($0) }
        require(actual == expected, version, "Ready, Reconciling and Stalled of \(phase)/\(reason) are \(actual)")
        require(["True", "False"].contains(version.condition("Expired")), version, "Expired is not set")
        require(version.hasTeardown == (version.condition("TornDown") != nil), version, "TornDown and teardown phase")
        require((phase == "Inactive") == (version.status("finishedAt") != nil), version, "finishedAt of \(phase)")
        if phase == "Active" { require(version.status("readyAt") != nil, version, "Active without readyAt") }
    }

    private mutating func checkPhases(_ version: JSONValue) {
        let phases = version[path: ["status", "phases"]]?.arrayValue ?? []
        let running = phases.filter { $0["state"] == "Running" }
        require(running.count <= 1, version, "two phases run")
        if let current = version.status("currentPhase") {
            require(version.phase(current) != nil, version, "the current phase \(current) is unknown")
        }
        for phase in phases {
            guard let name = phase[path: ["executionRef", "name"]]?.stringValue else { continue }
            let expected = version.executionName(
                phase["name"]?.stringValue ?? "", attempt: phase["attempt"]?.integerValue ?? 0)
            require(name == expected, version, "the execution \(name) should be \(expected)")
        }
    }

    // MARK: Two versions

    private static let transitions: [String: Set<String>] = [
        "Pending": ["Approaching", "Provisioning", "Active", "Degraded", "Failed", "Terminating", "Inactive"],
        "Approaching": ["Provisioning", "Active", "Failed", "Terminating", "Inactive"],
        "Provisioning": ["Active", "Failed", "Terminating", "Inactive"],
        "Active": ["Degraded", "Terminating", "Inactive"], "Degraded": ["Active", "Terminating", "Inactive"],
        "Failed": ["Pending", "Provisioning", "Active", "Terminating", "Inactive"], "Terminating": ["Inactive"],
        "Inactive": [],
    ]

    private mutating func checkChange(from earlier: JSONValue, to later: JSONValue) {
        let (old, new) = (earlier.status("phase") ?? "", later.status("phase") ?? "")
        require(old == new || Self.transitions[old]?.contains(new) == true, later, "\(old) became \(new)")
        for field in ["startedAt", "finishedAt", "readyAt", "terminationStartedAt"] {
            guard let value = earlier.status(field) else { continue }
            require(later.status(field) == value, later, "\(field) was \(value)")
        }
        if let lifecycle = earlier[path: ["status", "lifecycle"]] {
            require(later[path: ["status", "lifecycle"]] == lifecycle, later, "status.lifecycle changed")
        }
        if let expiry = earlier.time("expiresAt") {
            require(later.time("expiresAt").map { $0 >= expiry } ?? false, later, "expiresAt was \(expiry)")
        }
        if let update = earlier.time("updatedAt") {
            require(later.time("updatedAt").map { $0 > update } ?? false, later, "updatedAt was \(update)")
        }
        let generations = [earlier, later].map { $0[path: ["status", "observedGeneration"]]?.integerValue ?? -1 }
        require(generations[0] <= generations[1], later, "observedGeneration was \(generations[0])")
        for phase in earlier[path: ["status", "phases"]]?.arrayValue ?? [] {
            let name = phase["name"]?.stringValue ?? ""
            let successor = later.phase(name)
            require(successor != nil, later, "the phase \(name) vanished")
            require(
                (successor?["attempt"]?.integerValue ?? 0) >= (phase["attempt"]?.integerValue ?? 0), later,
                "\(name) had more attempts")
            if let resolved = phase["resolved"] {
                require(successor?["resolved"] == resolved, later, "the resolution of \(name) changed")
            }
        }
    }

    // MARK: Executions

    /// Executions of one environment never overlap, none is created twice, and none but the teardown's starts after
    /// the termination began.
    private mutating func checkExecutions(_ versions: [EnvironmentHistory.Version]) {
        guard let environment = versions.last?.object else { return }
        var running: Set<String> = []
        var created: Set<String> = []
        for version in record.executions {
            let execution = version.object
            guard execution.label("towline.dev/environment-uid") == environment.uid, let name = execution.name else {
                continue
            }
            if created.insert(execution.uid ?? "").inserted {
                require(running.isEmpty, environment, "\(name) was created while \(running) ran")
                checkStart(of: execution, at: version.revision, versions)
            }
            if version.isRemoval || execution.condition("Finished") == "True" {
                running.remove(name)
            } else {
                running.insert(name)
            }
        }
        let names = record.executions.filter {
            $0.object.label("towline.dev/environment-uid") == environment.uid
        }.reduce(into: [String: Set<String>]()) { $0[$1.object.name ?? "", default: []].insert($1.object.uid ?? "") }
        for (name, objects) in names {
            require(objects.count == 1, environment, "\(name) was created \(objects.count) times")
        }
    }

    private mutating func checkStart(
        of execution: JSONValue, at revision: Int64, _ versions: [EnvironmentHistory.Version]
    ) {
        guard let before = versions.last(where: { $0.revision < revision })?.object else { return }
        let name = execution.name ?? ""
        let isTeardown = execution.label("towline.dev/phase") == before.teardownPhase
        let phase = before.status("phase") ?? ""
        require(before.condition("ParametersValid") == "True", before, "\(name) was created without ParametersValid")
        require(
            !before.hasTeardown || before.finalizers.contains("towline.dev/teardown"), before,
            "\(name) was created without the finalizer")
        if isTeardown {
            require(phase == "Terminating", before, "\(name) was created in \(phase)")
            require(execution[path: ["metadata", "ownerReferences"]] == nil, before, "\(name) has an owner")
        } else {
            let cannotRun = execution[path: ["spec", "shutdown"]] == "Terminate"
            require(
                cannotRun || !["Terminating", "Inactive"].contains(phase), before, "\(name) was created in \(phase)")
            let owner = execution[path: ["metadata", "ownerReferences"]]?[0]
            require(owner?["uid"]?.stringValue == before.uid && owner?["controller"] == true, before, "\(name): owner")
        }
    }
}

extension JSONValue {
    /// The phases of the lifecycle that applies; nil until the referenced one was found.
    private var lifecyclePhases: [JSONValue]? {
        (self[path: ["spec", "lifecycle", "phases"]] ?? self[path: ["status", "lifecycle", "phases"]])?.arrayValue
    }

    fileprivate var teardownPhase: String? {
        lifecyclePhases?.first { $0["teardown"] == true }?["name"]?.stringValue
    }

    fileprivate var hasTeardown: Bool { teardownPhase != nil }

    /// The name of an attempt's execution: `<environment>-<phase>-<6 hexadecimal digits>-<attempt>`, at most 63
    /// characters.
    func executionName(_ phase: String, attempt: Int64) -> String {
        let suffix = "-\(phase)-\((uid ?? "").filter { $0 != "-" }.prefix(6))-\(attempt)"
        var stem = String((name ?? "").prefix(63 - suffix.count))
        while stem.hasSuffix("-") || stem.hasSuffix(".") { stem.removeLast() }
        return stem + suffix
    }
}
