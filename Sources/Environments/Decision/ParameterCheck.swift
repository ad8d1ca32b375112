import KubeClient
import TowlineAPI

/// Compares the parameters of an environment with the definitions of its phases, before anything runs.
struct ParameterCheck {
    let environment: Environment
    let plan: PhasePlan
    /// Nil if it is not known yet, or for no expiry.
    let expiresAt: ServerTime?
    let definitions: [DefinitionID: WorkflowDefinition]

    /// The records of all phases, and every problem with the parameters.
    func records() -> (records: [PhaseRecord], problems: [String]) {
        var problems = undeclared
        var records: [PhaseRecord] = []
        for phase in plan.phases {
            guard let id = phase.definition, let definition = definitions[id] else {
                records.append(PhaseRecord(name: phase.name))
                continue
            }
            let declared = definition.spec.parameters.map(\.name)
            let given = PhaseParameters.values(
                for: phase.name, of: environment, declared: declared, expiresAt: expiresAt)
            var config = ExecutionConfig()
            config.serviceAccountName = environment.spec.executionConfig.serviceAccountName
            config.timeoutSeconds = environment.spec.executionConfig.timeoutSeconds
            let spec = ExecutionSpec(
                workflowRef: WorkflowReference(definition: id.description),
                parameters: given.map { Parameter(name: $0.key, value: $0.value) }, executionConfig: config)
            let (resolved, faults) = definition.resolve(spec)
            let invalid = resolved.map { spec.resolved(by: $0).validate() } ?? []
            problems += (faults + invalid).map { "phase \(phase.name) (\(id)): \($0.field) \($0.message)" }
            let workflow = resolved.map { PhaseWorkflow(resolved: $0, declared: declared) }
            records.append(PhaseRecord(name: phase.name, workflow: workflow))
        }
        return (records, problems)
    }

    /// The parameters that no definition declares: most likely a misspelled name.
    private var undeclared: [String] {
        let declared = Set(definitions.values.flatMap { $0.spec.parameters.map(\.name) })
        return environment.spec.parameters.filter { !declared.contains($0.key) }
            .map { "spec.parameters[\($0.key.prefix(253))] is not declared by the definition of any phase. Remove it" }
    }
}

/// The parameters that the execution of a phase gets.
enum PhaseParameters {
    /// The name of the parameter with the expiry, which an extension changes.
    static let expiry = "TOWLINE_EXPIRES_AT"

    /// The parameters of the environment that a definition declares, and what Towline adds where it is declared.
    static func values(
        for phase: String, of environment: Environment, declared: [String], expiresAt: ServerTime?
    ) -> [MapEntry] {
        let declared = Set(declared)
        let own = environment.spec.parameters.filter { declared.contains($0.key) }
        let set = Set(own.map(\.key))
        let added = [
            MapEntry(key: "TOWLINE_ENVIRONMENT", value: environment.key.name),
            MapEntry(key: "TOWLINE_PHASE", value: phase),
            MapEntry(key: expiry, value: expiresAt?.rfc3339 ?? ""),
        ]
        return own + added.filter { declared.contains($0.key) && !set.contains($0.key) }
    }
}
