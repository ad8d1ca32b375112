/// Writes of Lifecycles and Environments apart from their phases.
public enum EnvironmentCases {
    private static let up = "{name: up, engine: workflow, workflow: {name: up, version: 1.4.0}}"
    private static let down = "{name: down, engine: workflow, workflow: {name: down, version: 1.4.0}, teardown: true}"
    private static let reference = "lifecycleRef: {name: preview, version: 1.4.0}"
    private static let inline = "lifecycle: {phases: [\(up), \(down)]}"

    /// An environment with a lifecycle and more.
    private static func spec(_ more: String) -> String { "{\(reference), \(more)}" }

    private static func slot(_ fields: String) -> String { "{\(reference), timeslot: {\(fields)}}" }

    private static func time(_ day: String) -> String { "\"2026-12-\(day)T09:00:00Z\"" }

    // MARK: Creates

    private static let accepted = [
        spec("desired: Active"), spec("desired: Inactive"), "{\(reference)}",
        "{lifecycle: {phases: [\(up)]}}", "{\(inline), timeslot: {teardownSeconds: 10}}",
        slot("ttlSeconds: 1"), slot("ttlSeconds: 315360000, maxEnd: \(time("09"))"), slot("end: \(time("01"))"),
        slot(
            "start: \(time("01")), end: \(time("02")), leadSeconds: 604800, teardownSeconds: 86400, maxEnd: \(time("02"))"
        ),
        slot("start: \(time("01")), leadSeconds: 0"), slot("end: \"2026-12-01T09:00:00.123456+01:00\""),
        spec("parameters: {BRANCH: feature-x, _a-b.c: \"\", TOWLINE_PHASE: mine}"),
        spec("executionConfig: {serviceAccountName: previewer, timeoutSeconds: 2592000, startDeadlineSeconds: 1}"),
        spec("signals: []"), spec("signals: [submitted, go]"),
    ]

    private static let rejected: [(String, String)] = [
        ("{}", "spec must have exactly one of lifecycle and lifecycleRef"),
        ("{\(reference), lifecycle: {phases: [\(up)]}}", "spec must have exactly one of lifecycle and lifecycleRef"),
        ("{lifecycleRef: {name: preview}}", "spec.lifecycleRef.version: Required value"),
        ("{lifecycleRef: {name: Preview, version: 1.4.0}}", "spec.lifecycleRef.name"),
        ("{lifecycle: {onFailure: Hold}}", "spec.lifecycle.phases: Required value"),
        (spec("desired: Gone"), #"spec.desired: Unsupported value: "Gone""#),
        ("{\(inline)}", "spec.timeslot.teardownSeconds must be set if spec.lifecycle has a teardown phase"),
        (
            "{\(inline), timeslot: {ttlSeconds: 60}}",
            "spec.timeslot.teardownSeconds must be set if spec.lifecycle has a teardown phase"
        ),
        (slot("ttlSeconds: 60, end: \(time("01"))"), "spec.timeslot.ttlSeconds must not be set together with end"),
        (slot("start: \(time("02")), end: \(time("02"))"), "spec.timeslot.end must be after start"),
        (slot("start: \(time("02")), end: \(time("01"))"), "spec.timeslot.end must be after start"),
        (slot("end: \(time("02")), maxEnd: \(time("01"))"), "spec.timeslot.maxEnd must not be before end"),
        (
            slot("start: \(time("02")), ttlSeconds: 60, maxEnd: \(time("01"))"),
            "spec.timeslot.maxEnd must be after start"
        ),
        (slot("leadSeconds: 60"), "spec.timeslot.leadSeconds can only be set together with start"),
        (slot("end: tomorrow"), "spec.timeslot.end"), (slot("end: 2026-12-01"), "spec.timeslot.end"),
        (slot("ttlSeconds: 0"), "spec.timeslot.ttlSeconds"),
        (slot("ttlSeconds: 315360001"), "spec.timeslot.ttlSeconds"),
        (slot("ttlSeconds: 2h"), "spec.timeslot.ttlSeconds"),
        (slot("start: \(time("01")), leadSeconds: 604801"), "spec.timeslot.leadSeconds"),
        (slot("teardownSeconds: 9"), "spec.timeslot.teardownSeconds"),
        (slot("teardownSeconds: 86401"), "spec.timeslot.teardownSeconds"),
        (spec("parameters: {1x: a}"), "the keys of spec.parameters must start with a letter or an underscore"),
        (spec("parameters: {REPLICAS: 3}"), "spec.parameters.REPLICAS"),
        (spec("parameters: {A: \"\(String(repeating: "a", count: 4097))\"}"), "spec.parameters.A: Too long"),
        (
            spec("parameters: {\((0...64).map { "P\($0): a" }.joined(separator: ", "))}"),
            "spec.parameters: Too many: 65"
        ),
        (spec("executionConfig: {timeoutSeconds: 0}"), "spec.executionConfig.timeoutSeconds"),
        (spec("executionConfig: {serviceAccountName: Admin}"), "spec.executionConfig.serviceAccountName"),
        (spec("signals: [submitted, submitted]"), "spec.signals[1]: Duplicate value"),
        (spec("signals: [Submitted]"), "spec.signals[0]"),
        (spec("signals: [\((0...16).map { "s\($0)" }.joined(separator: ", "))]"), "spec.signals: Too many: 17"),
        (spec("signals: [ready]"), "spec.signals must not contain ready, failed, expired or deleting"),
        (spec("signals: [go, deleting]"), "spec.signals must not contain ready, failed, expired or deleting"),
    ]

    // MARK: Updates

    private static let changes: [(String, String, String?)] = [
        (spec("desired: Active"), spec("desired: Inactive"), nil), ("{\(reference)}", spec("desired: Inactive"), nil),
        ("{\(reference)}", spec("desired: Active"), nil), (spec("desired: Active"), "{\(reference)}", nil),
        (spec("desired: Inactive"), spec("desired: Inactive, signals: [go]"), nil),
        (spec("desired: Inactive"), spec("desired: Active"), "spec.desired must stay Inactive"),
        (spec("desired: Inactive"), "{\(reference)}", "spec.desired must stay Inactive"),
        ("{\(reference)}", spec("signals: [go]"), nil), (spec("signals: [go]"), spec("signals: [ok, go]"), nil),
        (spec("signals: []"), "{\(reference)}", nil),
        (spec("signals: [go, ok]"), spec("signals: [ok]"), "spec.signals must keep every signal"),
        (spec("signals: [go]"), "{\(reference)}", "spec.signals must keep every signal"),
        (slot("end: \(time("01"))"), slot("end: \(time("02"))"), nil),
        // The same time in another notation.
        (slot("end: \(time("01"))"), slot("end: \"2026-12-01T10:00:00+01:00\""), nil),
        (slot("end: \(time("02"))"), slot("end: \(time("01"))"), "spec.timeslot.end can only be moved to a later time"),
        (slot("end: \(time("02"))"), slot(""), "spec.timeslot.end can only be moved to a later time, and not be added"),
        (slot(""), slot("end: \(time("02"))"), "spec.timeslot.end can only be moved to a later time, and not be added"),
        (slot("end: \(time("02"))"), "{\(reference)}", "spec.timeslot is immutable except for its end"),
        ("{\(reference)}", slot("end: \(time("02"))"), "spec.timeslot is immutable except for its end"),
        (
            slot("end: \(time("01")), maxEnd: \(time("02"))"), slot("end: \(time("03")), maxEnd: \(time("02"))"),
            "spec.timeslot.maxEnd must not be before end"
        ),
        (
            slot("end: \(time("01")), maxEnd: \(time("02"))"), slot("end: \(time("01")), maxEnd: \(time("03"))"),
            "spec.timeslot.maxEnd is immutable"
        ),
        (slot("start: \(time("01"))"), slot("start: \(time("02"))"), "spec.timeslot.start is immutable"),
        (slot("ttlSeconds: 60"), slot("ttlSeconds: 120"), "spec.timeslot.ttlSeconds is immutable"),
        (slot("teardownSeconds: 60"), slot(""), "spec.timeslot.teardownSeconds is immutable"),
        (
            slot("start: \(time("01"))"), slot("start: \(time("01")), leadSeconds: 60"),
            "spec.timeslot.leadSeconds is immutable"
        ),
        (spec("parameters: {A: a}"), spec("parameters: {A: b}"), "spec.parameters is immutable"),
        (spec("parameters: {A: a}"), "{\(reference)}", "spec.parameters is immutable"),
        ("{\(reference)}", spec("executionConfig: {timeoutSeconds: 5}"), "spec.executionConfig is immutable"),
        (
            "{\(reference)}", "{lifecycleRef: {name: preview, version: 1.5.0}}",
            "spec.lifecycleRef is immutable: an environment runs once. To change it, create an environment"
        ),
        ("{\(reference)}", "{lifecycle: {phases: [\(up)]}}", "spec.lifecycleRef is immutable"),
    ]

    private static let lifecycles: [(String, String?)] = [
        ("{name: preview, version: 1.4.0, phases: [\(up)]}", nil),
        (
            "{name: preview-1.4, version: \"0\", phases: [\(up)]}",
            "metadata.name must be spec.name, a dash and spec.version"
        ),
        (
            "{name: preview, version: 1.5.0, phases: [\(up)]}",
            "metadata.name must be spec.name, a dash and spec.version: preview-1.5.0"
        ),
        ("{version: 1.4.0, phases: [\(up)]}", "spec.name: Required value"),
        ("{name: preview, version: 1.4.0+build, phases: [\(up)]}", "spec.version"),
    ]

    /// Writes of specs that are not about the phases.
    public static var all: [SchemaCase] {
        accepted.map { .create(.environment, $0) } + rejected.map { .create(.environment, $0, $1) }
            + changes.map { .update(.environment, $0, $1, $2) } + lifecycles.map { .create(.lifecycle, $0, $1) }
    }
}
