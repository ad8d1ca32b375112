import KubeClient
import KubeRuntime

/// Makes random documents of environments and lifecycles that the API server accepts.
///
/// Confined to the thread of one simulation.
final class EnvironmentDocuments: @unchecked Sendable {
    static let signals = ["submitted", "approved"]

    private let random: SeededRandom
    private let clock: () -> Timestamp

    init(random: SeededRandom, clock: @escaping () -> Timestamp) {
        self.random = random
        self.clock = clock
    }

    // MARK: Environments

    func environment() -> JSONValue {
        var spec: JSONValue = [:]
        let isReferring = random.chance(0.35)
        if isReferring {
            spec["lifecycleRef"] = ["name": .string(random.pick(Catalog.lifecycles)), "version": "1.0"]
        } else {
            spec["lifecycle"] = fragment()
        }
        let timeslot = timeslot(mayOmitTeardown: isReferring)
        if timeslot != [:] { spec["timeslot"] = timeslot }
        let parameters = parameters()
        if parameters != [:] { spec["parameters"] = parameters }
        if random.chance(0.25) {
            spec[path: ["executionConfig"]] = ["timeoutSeconds": .integer(Int64(15 + random.below(60)))]
        }
        if random.chance(0.1) { spec[path: ["executionConfig", "serviceAccountName"]] = "previewer" }
        if random.chance(0.05) { spec[path: ["executionConfig", "startDeadlineSeconds"]] = 60 }
        if random.chance(0.15) { spec["signals"] = [.string(random.pick(Self.signals))] }
        return spec
    }

    private func parameters() -> JSONValue {
        var values: JSONValue = [:]
        if random.chance(0.96) { values["TARGET"] = "shop" }
        if random.chance(0.2) { values["SIZE"] = "large" }
        if random.chance(0.04) { values["SIZE"] = "huge" }
        if random.chance(0.04) { values["UNKNOWN"] = "x" }
        if random.chance(0.04) { values["TARGET"] = "Not Allowed" }
        return values
    }

    private func timeslot(mayOmitTeardown: Bool) -> JSONValue {
        var timeslot: JSONValue = [:]
        let now = clock()
        func later(_ seconds: Int) -> JSONValue { .string((now + .seconds(seconds)).roundedDownToSeconds.rfc3339) }
        var earliest = 0
        if random.chance(0.2) {
            earliest = random.below(60)
            timeslot["start"] = later(earliest)
            if random.chance(0.6) { timeslot["leadSeconds"] = .integer(Int64(random.below(60))) }
        }
        let length = random.chance(0.15) ? 86_400 + random.below(86_400) : 10 + random.below(240)
        switch random.below(10) {
        case 0, 1, 2, 3: timeslot["ttlSeconds"] = .integer(Int64(length))
        case 4, 5, 6, 7:
            // Sometimes the end has already passed.
            let isPast = earliest == 0 && random.chance(0.06)
            timeslot["end"] = later(isPast ? -5 : earliest + 1 + length)
            if !isPast, random.chance(0.4) { timeslot["maxEnd"] = later(earliest + 1 + length + random.below(120)) }
        case 8: timeslot["maxEnd"] = later(earliest + 1 + length)
        default: break
        }
        if timeslot["ttlSeconds"] != nil, random.chance(0.3) { timeslot["maxEnd"] = later(earliest + 1 + length) }
        if !mayOmitTeardown || random.chance(0.9) {
            timeslot["teardownSeconds"] = .integer(Int64(10 + random.below(70)))
        }
        return timeslot
    }

    // MARK: Lifecycles

    func lifecycle(named name: String) -> JSONValue {
        var spec = fragment()
        spec["name"] = .string(name)
        spec["version"] = "1.0"
        return spec
    }

    /// The phases and how they make the environment ready.
    func fragment() -> JSONValue {
        var phases: [JSONValue] = [workflow("instantiate", "up")]
        if random.chance(0.15) { phases.insert(steps("prepare", marksReady: false), at: 0) }
        let marksReady = random.chance(0.15)
        if marksReady || random.chance(0.2) { phases.append(steps("settle", marksReady: marksReady)) }
        if random.chance(0.4) { phases.append(workflow("verify", "check")) }
        if random.chance(0.3) { phases.append(workflow("grade", "check", trigger: random.pick(Self.signals))) }
        if random.chance(0.2) { phases.append(workflow("announce", "report", trigger: "ready")) }
        if random.chance(0.3) { phases.append(workflow("rescue", "report", trigger: "failed")) }
        if random.chance(0.08) { phases = [steps("settle", marksReady: random.chance(0.5))] }
        let isMarking = phases.contains { $0["steps"]?.arrayValue?.contains { $0["markReady"] != nil } == true }
        var fragment: JSONValue = [:]
        // A phase that waits for readiness must come after the phase that makes the environment ready.
        let hasListener = phases.contains { $0["triggerOnStatus"] == "ready" }
        let candidates = phases.filter { !["ready", "failed"].contains($0["triggerOnStatus"]?.stringValue) }
        if !isMarking, random.chance(0.25), !hasListener, !candidates.isEmpty {
            fragment["readyAfter"] = random.pick(candidates)["name"]
        }
        if random.chance(0.75) { phases.append(teardown()) }
        if random.chance(0.2) { fragment["onFailure"] = "Teardown" }
        fragment["phases"] = .array(phases)
        return fragment
    }

    private func workflow(_ name: String, _ workflow: String, trigger: String? = nil) -> JSONValue {
        var phase: JSONValue = [
            "name": .string(name), "engine": "workflow",
            "workflow": ["name": .string(workflow), "version": "1.0"],
        ]
        if let trigger { phase["triggerOnStatus"] = .string(trigger) }
        if random.chance(0.3) { phase["gatesNext"] = .bool(random.chance(0.3)) }
        if random.chance(0.35) { phase["retry"] = retry() }
        if random.chance(0.1) { phase["tasks"] = [["id": 1], "text"] }
        return phase
    }

    private func retry() -> JSONValue {
        var retry: JSONValue = ["limit": .integer(Int64(random.below(3)))]
        if random.chance(0.8) { retry["backoffSeconds"] = .integer(Int64(1 + random.below(10))) }
        if random.chance(0.3) { retry["onOutcomes"] = random.pick([["Timeout", "Error"], ["Failed", "Cancelled"]]) }
        return retry
    }

    private func teardown() -> JSONValue {
        var phase: JSONValue = [
            "name": "teardown", "engine": "workflow", "workflow": ["name": "down", "version": "1.0"], "teardown": true,
        ]
        if random.chance(0.3) { phase["retry"] = ["limit": .integer(Int64(random.below(3))), "backoffSeconds": 2] }
        return phase
    }

    private func steps(_ name: String, marksReady: Bool) -> JSONValue {
        var steps: [JSONValue] = []
        if !marksReady || random.chance(0.7) {
            steps.append(["pause": ["seconds": .integer(Int64(1 + random.below(20)))]])
        }
        if marksReady { steps.append(["markReady": [:]]) }
        if random.chance(0.3) { steps.append(["pause": ["seconds": .integer(Int64(1 + random.below(10)))]]) }
        return ["name": .string(name), "engine": "pipeline", "steps": .array(steps)]
    }
}
