import KubeClient

/// Substitutes parameters and results.
extension SimulatedPipelineRun {
    /// Substitutes parameters, then the run's context, then workspaces in the Pipeline's tasks.
    ///
    /// As in Tekton, these are separate steps, so that a parameter's value may contain variables of the context.
    mutating func substituteParameters() throws(PipelineProblem) {
        var parameters = TektonReplacements()
        for parameter in specification["params"]?.elements ?? [] {
            parameters.set(parameter: parameter["name"]?.stringValue ?? "", to: TektonValue(parameter["value"]))
        }
        try parameters.addDefaults(of: pipelineSpec["params"]?.elements ?? [])
        for replacements in [parameters, contextReplacements, workspaceReplacements] {
            for list in ["tasks", "finally"] {
                pipelineSpec[list] = pipelineSpec[list].map { tasks in
                    .array(tasks.elements.map { Self.replace(replacements, in: $0) })
                }
            }
        }
    }

    /// The variables that describe the run.
    var contextReplacements: TektonReplacements {
        var context = TektonReplacements()
        context.set("context.pipelineRun.name", to: key.name)
        context.set("context.pipelineRun.namespace", to: key.namespace)
        context.set("context.pipelineRun.uid", to: uid)
        context.set("context.pipeline.name", to: plan?.name ?? "")
        return context
    }

    private var workspaceReplacements: TektonReplacements {
        var replacements = TektonReplacements()
        for (list, isBound) in [(pipelineSpec["workspaces"], "false"), (specification["workspaces"], "true")] {
            for workspace in list?.elements ?? [] {
                replacements.set("workspaces.\(workspace["name"]?.stringValue ?? "").bound", to: isBound)
            }
        }
        return replacements
    }

    /// Replaces variables in a pipeline task; an embedded Task sees the task's own parameters first.
    private static func replace(_ replacements: TektonReplacements, in task: JSONValue) -> JSONValue {
        var result = task
        for part in ["params", "matrix", "displayName", "workspaces", "when", "taskRef", "onError"] {
            result[part] = task[part].map { replacements.applied(to: $0) }
        }
        guard let embedded = task["taskSpec"]?.objectValue else { return result }
        let inner = replacements.scoped(to: result["params"]?.elements ?? [])
        result["taskSpec"] = .object(inner.applied(toTask: embedded))
        return result
    }

    /// Checks the parameters of every pipeline task against its Task.
    func checkTasks(_ plan: PipelinePlan) throws(PipelineProblem) {
        for task in plan.tasks {
            let (json, spec) = declaration(of: task, plan)
            let include = (json["matrix"]?["include"]?.elements ?? []).flatMap { $0["params"]?.elements ?? [] }
            let problem = TaskInputs.problem(
                task: json["taskRef"]?["name"]?.stringValue ?? "", declared: spec["params"]?.elements ?? [],
                given: json["params"]?.elements ?? [], matrix: (json["matrix"]?["params"]?.elements ?? []) + include)
            if let problem { throw .invalidTask(problem) }
        }
        for task in plan.tasks { try checkOptionalWorkspaces(task, plan) }
    }

    /// A pipeline task, and the specification of its Task.
    private func declaration(of task: PipelinePlan.Task, _ plan: PipelinePlan) -> (JSONValue, JSONValue) {
        let json = pipelineSpec[task.place.list]?[task.place.index] ?? [:]
        return (json, json["taskSpec"] ?? plan.referencedTasks[task.name].map { .object($0) } ?? [:])
    }

    /// A workspace that is optional for the Pipeline must be optional for every Task that gets it.
    private func checkOptionalWorkspaces(_ task: PipelinePlan.Task, _ plan: PipelinePlan) throws(PipelineProblem) {
        let optional = Set(
            (pipelineSpec["workspaces"]?.elements ?? []).filter { $0["optional"] == true }
                .compactMap { $0["name"]?.stringValue })
        let (json, spec) = declaration(of: task, plan)
        for workspace in json["workspaces"]?.elements ?? [] {
            let source = workspace["workspace"]?.stringValue ?? ""
            let needs = spec["workspaces"]?.elements.contains {
                $0["name"] == workspace["name"] && $0["optional"] != true
            }
            if optional.contains(source), needs == true {
                throw .requiredWorkspaceIsOptional(workspace: source, task: task.name)
            }
        }
    }

    /// A pipeline task with the results of other tasks substituted.
    func resolvedTask(_ index: Int, plan: PipelinePlan) -> JSONObject {
        let task = plan.tasks[index]
        let json = pipelineSpec[task.place.list]?[task.place.index] ?? .null
        guard !task.sources.isEmpty || task.isFinally else { return json.objectValue ?? [:] }
        return Placeholders.tekton.replace(in: json) { value(of: $0, plan: plan) }.objectValue ?? [:]
    }

    private func value(of name: Substring, plan: PipelinePlan) -> JSONValue? {
        switch TektonVariable(name) {
        case .result(let task, let result, let part):
            guard let index = plan.tasks.firstIndex(where: { $0.name == task }) else { return nil }
            return taskRuns[index].results(isMatrix: plan.tasks[index].isMatrix)[result].flatMap { part.of($0) }
        case .taskStatus(let task):
            guard let index = plan.tasks.firstIndex(where: { $0.name == task }) else { return nil }
            return .string(Self.statusText(taskRuns[index].outcome))
        case .aggregateStatus: return .string(aggregateStatus(plan))
        default: return nil
        }
    }

    private static func statusText(_ outcome: SimulatedTaskRun.Outcome?) -> String {
        switch outcome {
        case .succeeded: "Succeeded"
        case nil: "None"
        default: "Failed"
        }
    }

    private func aggregateStatus(_ plan: PipelinePlan) -> String {
        let outcomes = plan.tasks.indices.filter { !plan.tasks[$0].isFinally }.map { taskRuns[$0].outcome }
        if outcomes.contains(where: { $0 != nil && $0 != .succeeded }) { return "Failed" }
        return outcomes.contains { $0 == nil } ? "Completed" : "Succeeded"
    }

    func whenExpressionsAreMet(_ index: Int, plan: PipelinePlan) -> Bool {
        let task = plan.tasks[index]
        guard pipelineSpec[task.place.list]?[task.place.index]?["when"] != nil else { return true }
        return (resolvedTask(index, plan: plan)["when"]?.elements ?? []).allSatisfy { WhenExpression($0).isMet }
    }

    /// Whether every result that a task uses is available.
    func hasAllResults(_ index: Int, plan: PipelinePlan) -> Bool {
        guard !plan.tasks[index].sources.isEmpty else { return true }
        let left = Placeholders.tekton.variables(in: .object(resolvedTask(index, plan: plan)))
        return !left.contains { TektonVariable($0)?.sourceTask != nil }
    }

    /// The Pipeline's results for which all task results are available.
    func pipelineResults(plan: PipelinePlan) -> [JSONValue] {
        (pipelineSpec["results"]?.elements ?? []).compactMap { declaration in
            guard let name = declaration["name"], let template = declaration["value"] else { return nil }
            let value = Placeholders.tekton.replace(in: template) { self.value(of: $0, plan: plan) }
            guard Placeholders.tekton.variables(in: value).isEmpty else { return nil }
            return ["name": name, "value": value]
        }
    }
}

/// A variable about another task: the text between `$(` and `)`.
enum TektonVariable: Hashable, Sendable {
    case result(task: String, name: String, part: Part)
    case taskStatus(String)
    case aggregateStatus

    /// A selected part of an array or object.
    enum Part: Hashable, Sendable {
        case whole
        case element(Int)
        case member(String)

        func of(_ value: JSONValue) -> JSONValue? {
            switch self {
            case .whole: value
            case .element(let index): value[index]
            case .member(let key): value[key]
            }
        }
    }

    init?(_ text: some StringProtocol) {
        var rest = Substring(text)
        if rest == "tasks.status" {
            self = .aggregateStatus
        } else if let task = rest.take(after: "tasks") {
            if rest == ".status" {
                self = .taskStatus(task)
            } else if rest.first == ".", let name = Self.resultName(&rest) {
                self = .result(task: task, name: name, part: Self.part(&rest))
            } else {
                return nil
            }
        } else {
            return nil
        }
    }

    private static func resultName(_ rest: inout Substring) -> String? {
        rest = rest.dropFirst()
        return rest.take(after: "results")
    }

    private static func part(_ rest: inout Substring) -> Part {
        if rest.hasPrefix("["), rest.hasSuffix("]"), let index = Int(rest.dropFirst().dropLast()) {
            return .element(index)
        }
        if rest.hasPrefix("."), rest.utf8.count > 1 { return .member(String(rest.dropFirst())) }
        return .whole
    }

    /// The task whose result this is; nil for any other variable.
    var sourceTask: String? {
        if case .result(let task, _, _) = self { task } else { nil }
    }
}

extension Substring {
    /// Consumes `word` and a following `.name`, `['name']`, or `["name"]`, and returns the name; nil if none.
    fileprivate mutating func take(after word: String) -> String? {
        guard hasPrefix(word) else { return nil }
        let rest = dropFirst(word.count)
        for quote in ["'", "\""] where rest.hasPrefix("[\(quote)") {
            let inner = rest.dropFirst(2)
            guard let end = inner.firstRange(of: "\(quote)]") else { return nil }
            self = inner[end.upperBound...]
            return String(inner[..<end.lowerBound])
        }
        guard rest.hasPrefix(".") else { return nil }
        let name = rest.dropFirst().prefix { $0 != "." && $0 != "[" }
        guard !name.isEmpty else { return nil }
        self = rest.dropFirst(1 + name.count)
        return String(name)
    }
}

/// A `when` expression of a pipeline task, after substitution.
struct WhenExpression: Hashable, Sendable {
    let input: String
    /// `in` or `notin`.
    let `operator`: String
    let values: [String]

    init(_ json: JSONValue) {
        input = json["input"]?.scalarText ?? ""
        `operator` = json["operator"]?.stringValue ?? ""
        values = (json["values"]?.elements ?? []).compactMap(\.scalarText)
    }

    /// Whether the expression lets the task run.
    var isMet: Bool {
        values.contains(input) != (`operator` == "notin")
    }
}
