import KubeClient
import KubeRuntime
import Status
import TowlineAPI

/// Handles executions that name a definition: reads it, checks the execution against it, and records what it stands for
/// before the run is created.
///
/// What is recorded wins afterwards, also after a restart: the definition can be deleted or replaced at any time.
extension Situation {
    /// Decides the next step while the definition has not been read. No run exists, because none is created before what
    /// the definition stands for is recorded.
    func resolvingStep(_ spec: ExecutionSpec) -> Step {
        if let hold = restoredStep(spec) { return hold }
        if let ending = endingWithoutRun(spec) { return report([ending]) }
        switch facts.definition {
        case .unread: return .readDefinition
        case .unavailable(let reason, let message, let retryAfter):
            return hold(reason, message, spec, notBefore: retryAfter)
        case .found(let definition):
            if let mismatch = mismatch(definition, spec) { return hold(.definitionNotFound, mismatch, spec) }
            guard let whole = spec.isPartial ? facts.whole?.spec : spec else { return .readSpec }
            return resolve(whole, by: definition)
        }
    }

    /// Records what the definition stands for, or reports every problem of the execution at once.
    private func resolve(_ spec: ExecutionSpec, by definition: WorkflowDefinition) -> Step {
        var (workflow, problems) = definition.resolve(spec)
        if let workflow {
            problems += self.problems(of: spec.resolved(by: workflow)).map { $0.naming(definition) }
        }
        guard let workflow, problems.isEmpty else {
            return report([
                .ended(.invalidSpec, message: Self.list(problems), engine: definition.spec.engine)
            ])
        }
        var events: [ExecutionEvent] = [.resolved(workflow)]
        // What it waited for is there.
        if execution.status.reason != nil {
            let message = "\(definition.title) was found. The run is created next."
            events.append(.held(.waitingToCreate, message: message, engine: workflow.engine))
        }
        return report(events)
    }

    /// The problems as one message, with the number of those that it has no room for.
    private static func list(_ problems: [ValidationProblem]) -> String {
        var text = ""
        for (index, problem) in problems.enumerated() {
            let next = (text.isEmpty ? "" : "; ") + problem.description
            if !text.isEmpty, text.utf8.count + next.utf8.count > longestList {
                return "\(text); and \(problems.count - index) more"
            }
            text += next
        }
        return text
    }

    /// The length of a message, in bytes, after which only the number of further problems is given.
    private static let longestList = 900

    /// Why the object is not the definition that the execution names; nil if it is.
    private func mismatch(_ definition: WorkflowDefinition, _ spec: ExecutionSpec) -> String? {
        guard let named = spec.workflowRef.definition, definition.spec.id.description != named else { return nil }
        return """
            \(definition.title) is \(definition.spec.id), not \(named). Name that one, or rename one of them: both have \
            the same object name.
            """
    }

    /// Reports that the definition was replaced since it was recorded; nil if it was not, or if that is reported.
    ///
    /// A definition that was deleted changes nothing.
    func definitionChangeStep() -> Step? {
        guard let recorded = execution.status.resolved, execution.status.condition(.definitionChanged) == nil else {
            return nil
        }
        switch facts.definition {
        case .unread: return .readDefinition
        case .unavailable: return nil
        case .found(let definition):
            guard definition.uid != recorded.definitionUID else { return nil }
            let message = """
                \(definition.title) was deleted and created again: its UID is \(definition.uid), and \
                \(recorded.definitionUID) is recorded. The run is created from what status.resolved records.
                """
            let event = ExecutionEvent.conditionSet(
                .definitionChanged, .true, reason: .definition(.replaced), message: message)
            if case .write(let status) = report([event]) { return .write(status) }
            return nil
        }
    }
}

extension WorkflowDefinition {
    /// The kind and the name, for messages.
    fileprivate var title: String { "WorkflowDefinition \(key.name)" }

    /// The warning about a deprecated definition; nil for any other.
    var deprecation: Notice? {
        guard spec.deprecated else { return nil }
        let instead = spec.replacedBy.map { "Use \($0) instead" } ?? "Ask its author which one to use instead"
        return Notice(
            type: .warning, reason: DefinitionReason.deprecated.rawValue, action: .resolve,
            note: "\(title) is deprecated. \(instead)")
    }
}

extension ValidationProblem {
    /// The problem with the fields of the definition in place of those that the execution did not set.
    fileprivate func naming(_ definition: WorkflowDefinition) -> ValidationProblem {
        let prefix = "spec.workflowRef."
        guard field.hasPrefix(prefix) else { return self }
        return ValidationProblem(
            field: "\(definition.title): spec.ref.\(field.dropFirst(prefix.count))", message: message)
    }
}
