import KubeClient
import Patterns

extension WorkflowDefinition {
    /// What an execution that names this definition runs, and every problem of the execution with it.
    ///
    /// The workflow is nil if the engine is unknown or contradicts the execution. Problems with the engine's own rules
    /// are found by ``ExecutionSpec/validate()`` of the resolved spec.
    public func resolve(_ execution: ExecutionSpec) -> (workflow: ResolvedWorkflow?, problems: [ValidationProblem]) {
        var problems = DefinitionCheck(definition: self).problems(of: execution)
        guard let engine = spec.engine else {
            problems.append(
                ValidationProblem(
                    field: "WorkflowDefinition \(key.name): spec.engine",
                    message: "is not known to this version of the operator. Upgrade the operator"))
            return (nil, problems)
        }
        if let named = execution.workflowRef.engine, named != engine {
            problems.append(
                ValidationProblem(
                    field: "spec.workflowRef.engine",
                    message: "must be absent or \(engine.rawValue), the engine of the definition, not \(named.rawValue)"
                ))
            return (nil, problems)
        }
        var target = spec.target
        if target.resolver == nil { target.name = target.name ?? spec.id.name }
        let set = Set(execution.parameters.map(\.name))
        let defaults = spec.parameters.compactMap { declaration in
            set.contains(declaration.name)
                ? nil : declaration.default.map { MapEntry(key: declaration.name, value: $0) }
        }
        let workflow = ResolvedWorkflow(
            engine: engine, target: target, serviceAccountName: spec.serviceAccountName,
            timeoutSeconds: spec.timeoutSeconds, parameters: defaults.sorted { $0.key < $1.key }, definitionUID: uid)
        return (workflow, problems)
    }
}

/// Compares the parameters of executions with the declarations of a definition.
private struct DefinitionCheck {
    let definition: WorkflowDefinition

    /// The largest pattern, in instructions. Each character of a value takes at most as many steps.
    private static let patternSize = 500
    /// The longest value that is compared with a pattern, in bytes: 1,024 characters.
    private static let longestValue = 4 * 1024
    /// The allowed values that a message names.
    private static let shownValues = 8

    func problems(of execution: ExecutionSpec) -> [ValidationProblem] {
        var declarations: [String: ParameterDeclaration] = [:]
        for declaration in definition.spec.parameters { declarations[declaration.name] = declaration }
        let names = Set(execution.parameters.map(\.name))
        let missing = definition.spec.parameters.filter { $0.required && !names.contains($0.name) }.map {
            ValidationProblem(field: "spec.parameters[\($0.name)]", message: "is required by the definition")
        }
        return missing
            + execution.parameters.flatMap { parameter -> [ValidationProblem] in
                guard let declaration = declarations[parameter.name] else {
                    return [problem(parameter, "is not declared by the definition. Remove it")]
                }
                return valueProblem(parameter, declaration).map { [problem(parameter, $0)] } ?? []
            }
    }

    private func problem(_ parameter: Parameter, _ message: String) -> ValidationProblem {
        let name = parameter.name.prefix(SpecLimits.parameterNameLength)
        return ValidationProblem(field: "\(parameter.value.field)[\(name)]", message: message)
    }

    /// Why the definition does not allow the value; nil if it does. The message has no part of the value.
    private func valueProblem(_ parameter: Parameter, _ declaration: ParameterDeclaration) -> String? {
        let strings = parameter.value.strings
        let allowed = declaration.allowedValues
        if !allowed.isEmpty, !strings.allSatisfy(allowed.contains) {
            let shown = allowed.prefix(Self.shownValues).map { "\"\($0)\"" }.joined(separator: ", ")
            let more = allowed.count > Self.shownValues ? " and \(allowed.count - Self.shownValues) more" : ""
            return "must be one of \(shown)\(more)"
        }
        guard let text = declaration.pattern else { return nil }
        if strings.contains(where: { $0.utf8.count > Self.longestValue }) {
            return "must have at most 1,024 characters, because the definition has a pattern for it"
        }
        do throws(PatternError) {
            let pattern = try Pattern(text, sizeLimit: Self.patternSize)
            return strings.allSatisfy(pattern.matches) ? nil : "must match the pattern \(text) of the definition"
        } catch {
            return """
                cannot be compared with the pattern \(text) of the definition (\(error)). Create a definition with a \
                simpler pattern
                """
        }
    }
}
