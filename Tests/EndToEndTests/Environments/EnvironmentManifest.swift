/// A phase of an environment's lifecycle, as YAML.
struct PhaseManifest: Sendable {
    let text: String

    /// A phase that runs version 1 of a definition; `more` is additional YAML, such as `gatesNext: false`.
    static func workflow(_ name: String, _ definition: String = "works", _ more: String = "") -> PhaseManifest {
        make(name, "engine: workflow, workflow: {name: \(definition), version: \"1\"}", more)
    }

    /// A phase with native steps, such as `pause: {seconds: 1}`.
    static func steps(_ name: String, _ steps: [String], _ more: String = "") -> PhaseManifest {
        make(name, "engine: pipeline, steps: [\(steps.map { "{\($0)}" }.joined(separator: ", "))]", more)
    }

    /// The teardown phase.
    static func teardown(_ definition: String = "works", _ more: String = "") -> PhaseManifest {
        .workflow("teardown", definition, more.isEmpty ? "teardown: true" : "teardown: true, \(more)")
    }

    private static func make(_ name: String, _ engine: String, _ more: String) -> PhaseManifest {
        PhaseManifest(text: "{name: \(name), \(engine)\(more.isEmpty ? "" : ", \(more)")}")
    }
}

/// An environment with an inline lifecycle, as YAML.
struct EnvironmentManifest: Sendable {
    let name: String
    var phases: [PhaseManifest]
    /// The members of `spec.timeslot`; empty for none.
    var timeslot = ""
    /// Further members of `spec.lifecycle`, such as `onFailure: Teardown`.
    var lifecycle = ""
    /// Further members of `spec`, such as `signals: [go]`.
    var spec = ""

    var text: String {
        var members = ["lifecycle: {phases: [\(phases.map(\.text).joined(separator: ", "))]\(separated(lifecycle))}"]
        if !timeslot.isEmpty { members.append("timeslot: {\(timeslot)}") }
        return """
            apiVersion: towline.dev/v1alpha1
            kind: Environment
            metadata: {name: \(name)}
            spec: {\(members.joined(separator: ", "))\(separated(spec))}
            """
    }

    private func separated(_ more: String) -> String { more.isEmpty ? "" : ", \(more)" }
}

/// The catalog that the tests' phases name: version 1 of each workflow in ``Templates``.
enum CatalogManifest {
    static func all(_ engine: TestEngine) -> String {
        ["works", "breaks", "takes-long"].map { definition($0, engine) }.joined(separator: "\n---\n")
    }

    /// Version 1 of a definition.
    ///
    /// - Parameters:
    ///   - workflow: The Pipeline or WorkflowTemplate; the definition's name by default.
    ///   - parameters: The declarations in YAML.
    static func definition(
        _ name: String, _ engine: TestEngine, workflow: String? = nil,
        parameters: String = "[{name: TARGET, default: none}]"
    ) -> String {
        """
        apiVersion: towline.dev/v1alpha1
        kind: WorkflowDefinition
        metadata: {name: \(name)-1}
        spec: {name: \(name), version: "1", engine: \(engine), ref: {name: \(workflow ?? name)}, parameters: \(parameters)}
        """
    }
}
