/// Lists of phases, which a Lifecycle and an Environment accept or refuse alike.
public enum PhaseCases {
    private static let up = "{name: up, engine: workflow, workflow: {name: up, version: 1.4.0}}"
    private static let down = "{name: down, engine: workflow, workflow: {name: down, version: 1.4.0}, teardown: true}"
    private static let mark = "{name: mark, engine: pipeline, steps: [{markReady: {}}]}"

    /// A phase with engine workflow.
    private static func phase(_ name: String, _ more: String) -> String {
        "{name: \(name), engine: workflow, workflow: {name: up, version: 1.4.0}, \(more)}"
    }

    /// A phase with engine pipeline and one step.
    private static func step(_ step: String) -> String { "phases: [{name: steps, engine: pipeline, steps: [\(step)]}]" }

    /// The example of ADR-049 in camelCase, with steps of ours.
    private static let gradedLab = """
        phases: [
          {name: instantiate, engine: pipeline, steps: [{pause: {seconds: 1}}, {markReady: {}}]},
          {name: grade, engine: workflow, triggerOnStatus: submitted, workflow: {name: grade-lab, version: "0.1.0"},
           tasks: [{collect: {scenario: collect-evidence}}, {evaluate: {ruleset: rubric}}, {report: {kind: score_report}}]},
          {name: teardown, engine: workflow, workflow: {name: lab-down, version: "0.1.0"}, teardown: true}]
        """

    private static let accepted = [
        gradedLab, "phases: [\(up)]", "phases: [\(down)]", "phases: [\(up), \(down)]", "phases: [\(mark)]",
        "phases: [\(phase("grade", "triggerOnStatus: submitted, gatesNext: false"))]",
        "phases: [\(up), \(phase("test", "triggerOnStatus: ready")), \(phase("report", "triggerOnStatus: failed"))]",
        "phases: [\(phase("report", "triggerOnStatus: failed")), \(up)]",
        "phases: [\(phase("test", "triggerOnStatus: ready"))]",
        "phases: [\(mark), \(phase("test", "triggerOnStatus: ready"))]",
        "phases: [{name: wait, engine: pipeline, steps: [{pause: {seconds: 86400}}]}, \(up)], readyAfter: wait",
        "phases: [\(up), \(phase("test", "gatesNext: true"))], readyAfter: test, onFailure: Teardown",
        "phases: [\(phase("up", "retry: {limit: 0}")), \(down)], onFailure: Hold",
        "phases: [\(phase("up", "retry: {limit: 5, onOutcomes: [Failed, Timeout, Cancelled, Error], backoffSeconds: 600}"))]",
        "phases: [\(phase("up", "teardown: false")), \(phase("down", "teardown: true, retry: {limit: 2}"))]",
        "phases: [\(phase("up", "tasks: [a, 1, true, [b], {c: {d: [e]}}]"))]",
        "phases: [\((0..<16).map { phase("p\($0)", "gatesNext: true") }.joined(separator: ", "))]",
        "phases: [\(phase("a-name-that-has-32-characters-ok", "gatesNext: true"))]",
    ]

    private static let ours = "PATH.phases[].steps[] must be one of markReady: {} and pause: {seconds: 30}"

    /// `PATH` stands for the place of the fields.
    private static let rejected: [(String, String)] =
        [
            ("phases: []", "PATH.phases in body should have at least 1 items"),
            ("onFailure: Hold", "PATH.phases: Required value"),
            (
                "phases: [\((0..<17).map { phase("p\($0)", "gatesNext: true") }.joined(separator: ", "))]",
                "PATH.phases: Too many: 17"
            ),
            ("phases: [\(up), \(up)]", "PATH.phases[1]: Duplicate value"),
            ("phases: [\(phase("Up", "gatesNext: true"))]", "PATH.phases[0].name"),
            ("phases: [\(phase("u", "gatesNext: true"))]", "PATH.phases[0].name"),
            ("phases: [\(phase("up-", "gatesNext: true"))]", "PATH.phases[0].name"),
            ("phases: [\(phase("a-name-that-has-33-characters-bad", "gatesNext: true"))]", "PATH.phases[0].name"),
            ("phases: [{name: up}]", "PATH.phases[0].engine: Required value"),
            (
                "phases: [{name: up, engine: jenkins}]",
                #"PATH.phases[0].engine: Unsupported value: "jenkins": supported values: "#
            ),
            ("onFailure: Retry, phases: [\(up)]", #"PATH.onFailure: Unsupported value: "Retry""#),
        ] + byEngine + steps + teardown + readiness + retry

    private static let byEngine: [(String, String)] = [
        ("phases: [{name: up, engine: workflow}]", "PATH.phases[].workflow must be set for engine workflow"),
        (
            "phases: [{name: up, engine: workflow, workflow: {name: up}}]",
            "PATH.phases[0].workflow.version: Required value"
        ),
        (
            "phases: [{name: up, engine: workflow, workflow: {name: up, version: 1.4.0+build}}]",
            "PATH.phases[0].workflow.version"
        ),
        (
            "phases: [{name: up, engine: pipeline, steps: [{markReady: {}}], workflow: {name: up, version: 1.4.0}}]",
            "PATH.phases[].workflow can only be set for engine workflow"
        ),
        (
            "phases: [{name: up, engine: pipeline}]",
            "PATH.phases[].steps must be set for engine pipeline, to a list of the steps markReady: {} and pause"
        ),
        (
            "phases: [\(phase("up", "steps: [{markReady: {}}]"))]",
            "PATH.phases[].steps can only be set for engine pipeline"
        ),
        (
            "phases: [{name: up, engine: pipeline, steps: [{markReady: {}}], retry: {limit: 1}}]",
            "PATH.phases[].retry can only be set for engine workflow"
        ),
        (
            "phases: [\(phase("up", "tasks: [\(Array(repeating: "a", count: 65).joined(separator: ", "))]"))]",
            "PATH.phases[0].tasks: Too many: 65"
        ),
    ]

    private static let steps: [(String, String)] =
        [
            "worker_lab_resolve", "pod_locator", "ports_alloc", "lds_register", "mark_ready", "archive", "release_host",
            "waitFor", "gate",
        ].flatMap { name in
            [
                (step("{\(name): {}}"), ours), (step("{\(name): {key: value}}"), ours), (step("{\(name): null}"), ours),
                (step(name), #"PATH.phases[0].steps[0] in body should match '^(markReady: \{\}|pause: \{seconds: "#),
            ]
        } + [
            (step("{}"), ours), (step("{markReady: null}"), ours),
            (step("{markReady: {}, pause: {seconds: 1}}"), "PATH.phases[0].steps[0]: Too many: 2"),
            (step("{markReady: {}, ports_alloc: {}}"), "PATH.phases[0].steps[0]: Too many: 2"),
            (step(""), "PATH.phases[0].steps in body should have at least 1 items"),
            (step("{pause: {}}"), "PATH.phases[0].steps[0].pause.seconds: Required value"),
            (step("{pause: {seconds: 0}}"), "PATH.phases[0].steps[0].pause.seconds: Invalid value"),
            (step("{pause: {seconds: 86401}}"), "PATH.phases[0].steps[0].pause.seconds: Invalid value"),
            (step("{pause: 30s}"), "PATH.phases[0].steps[0].pause"),
        ]

    private static let teardown: [(String, String)] = [
        ("phases: [\(down), \(up)]", "PATH.phases[].teardown can only be true for the last phase"),
        (
            "phases: [\(down), \(phase("again", "teardown: true"))]",
            "PATH.phases[].teardown can only be true for the last phase"
        ),
        (
            "phases: [{name: down, engine: pipeline, steps: [{pause: {seconds: 1}}], teardown: true}]",
            "PATH.phases[].teardown can only be true for engine workflow"
        ),
        (
            "phases: [\(phase("down", "teardown: true, gatesNext: false"))]",
            "PATH.phases[].gatesNext must not be set for the teardown phase"
        ),
        (
            "phases: [\(phase("down", "teardown: true, triggerOnStatus: submitted"))]",
            "PATH.phases[].triggerOnStatus must not be set for the teardown phase"
        ),
        (
            "phases: [\(phase("down", "triggerOnStatus: expired"))]",
            "PATH.phases[].triggerOnStatus must not be expired or deleting. Remove it and set teardown to true"
        ),
        (
            "phases: [\(phase("down", "triggerOnStatus: deleting"))]",
            "PATH.phases[].triggerOnStatus must not be expired or deleting. Remove it and set teardown to true"
        ),
        ("phases: [\(phase("up", "triggerOnStatus: Submitted"))]", "PATH.phases[0].triggerOnStatus"),
    ]

    private static let readiness: [(String, String)] = [
        ("phases: [\(up)], readyAfter: other", "PATH.readyAfter must be the name of a phase in PATH.phases"),
        ("phases: [\(up), \(down)], readyAfter: down", "PATH.readyAfter must not name the teardown phase or a phase"),
        (
            "phases: [\(up), \(phase("test", "triggerOnStatus: ready"))], readyAfter: test",
            "PATH.readyAfter must not name the teardown phase or a phase with triggerOnStatus ready or failed"
        ),
        (
            "phases: [\(up), \(phase("report", "triggerOnStatus: failed"))], readyAfter: report",
            "PATH.readyAfter must not name the teardown phase or a phase with triggerOnStatus ready or failed"
        ),
        (
            "phases: [\(mark), {name: again, engine: pipeline, steps: [{markReady: {}}]}]",
            "PATH.phases must have at most one step markReady"
        ),
        (step("{markReady: {}}, {markReady: {}}"), "PATH.phases must have at most one step markReady"),
        ("phases: [\(mark), \(up)], readyAfter: up", "PATH.readyAfter must not be set together with a step markReady"),
        (
            "phases: [{name: mark, engine: pipeline, steps: [{markReady: {}}], triggerOnStatus: failed}]",
            "PATH.phases must not have a step markReady in a phase with triggerOnStatus ready or failed"
        ),
        (
            "phases: [{name: mark, engine: pipeline, steps: [{markReady: {}}], triggerOnStatus: ready}]",
            "PATH.phases must not have a step markReady in a phase with triggerOnStatus ready or failed"
        ),
        (
            "phases: [\(phase("test", "triggerOnStatus: ready")), \(up)]",
            "PATH.phases must not have a phase with triggerOnStatus ready before the phase that makes"
        ),
        (
            "phases: [\(up), \(phase("test", "triggerOnStatus: ready")), \(phase("late", "gatesNext: true"))], readyAfter: late",
            "PATH.phases must not have a phase with triggerOnStatus ready before the phase that makes"
        ),
        (
            "phases: [\(up), \(phase("test", "triggerOnStatus: ready")), \(mark)]",
            "PATH.phases must not have a phase with triggerOnStatus ready before the phase that makes"
        ),
    ]

    private static let retry: [(String, String)] = [
        ("phases: [\(phase("up", "retry: {backoffSeconds: 5}"))]", "PATH.phases[0].retry.limit: Required value"),
        ("phases: [\(phase("up", "retry: {limit: 6}"))]", "PATH.phases[0].retry.limit: Invalid value"),
        ("phases: [\(phase("up", "retry: {limit: -1}"))]", "PATH.phases[0].retry.limit: Invalid value"),
        (
            "phases: [\(phase("up", "retry: {limit: 1, onOutcomes: [Success]}"))]",
            #"PATH.phases[0].retry.onOutcomes[0]: Unsupported value: "Success""#
        ),
        (
            "phases: [\(phase("up", "retry: {limit: 1, onOutcomes: []}"))]",
            "PATH.phases[0].retry.onOutcomes in body should have at least 1 items"
        ),
        (
            "phases: [\(phase("up", "retry: {limit: 1, onOutcomes: [Error, Error]}"))]",
            "PATH.phases[0].retry.onOutcomes[1]: Duplicate value"
        ),
        ("phases: [\(phase("up", "retry: {limit: 1, backoffSeconds: 0}"))]", "PATH.phases[0].retry.backoffSeconds"),
        ("phases: [\(phase("up", "retry: {limit: 1, backoffSeconds: 601}"))]", "PATH.phases[0].retry.backoffSeconds"),
    ]

    /// The spec of a kind with these fields.
    private static func spec(_ kind: SchemaCase.Kind, _ fields: String) -> String {
        switch kind {
        case .lifecycle: "{name: preview, version: 1.4.0, \(fields)}"
        case .environment: "{timeslot: {teardownSeconds: 60}, lifecycle: {\(fields)}}"
        }
    }

    /// The creates of a kind with these phases.
    public static func creates(_ kind: SchemaCase.Kind) -> [SchemaCase] {
        accepted.map { .create(kind, spec(kind, $0)) }
            + rejected.map { fields, message in
                .create(kind, spec(kind, fields), message.replacing("PATH", with: kind.path))
            }
    }

    /// Changes of the phases, each with the message that refuses it.
    public static func updates(_ kind: SchemaCase.Kind) -> [SchemaCase] {
        let test = phase("test", "gatesNext: true")
        let old = "phases: [\(up), \(test)], readyAfter: up, onFailure: Hold"
        let changes: [(field: String, String)] = [
            ("phases", "phases: [\(up)], readyAfter: up, onFailure: Hold"),
            ("phases", "phases: [\(test), \(up)], readyAfter: up, onFailure: Hold"),
            ("phases", "phases: [\(up), \(phase("test", "gatesNext: false"))], readyAfter: up, onFailure: Hold"),
            (
                "phases",
                "phases: [\(up), \(phase("test", "gatesNext: true, tasks: [a]"))], readyAfter: up, onFailure: Hold"
            ),
            ("readyAfter", "phases: [\(up), \(test)], onFailure: Hold"),
            ("readyAfter", "phases: [\(up), \(test)], readyAfter: test, onFailure: Hold"),
            ("onFailure", "phases: [\(up), \(test)], readyAfter: up, onFailure: Teardown"),
            ("onFailure", "phases: [\(up), \(test)], readyAfter: up"),
        ]
        return [.update(kind, spec(kind, old), spec(kind, old))]
            + changes.map { field, new in
                let path = kind == .lifecycle ? "spec.\(field)" : "spec.lifecycle"
                return .update(kind, spec(kind, old), spec(kind, new), "\(path) is immutable")
            }
    }
}
