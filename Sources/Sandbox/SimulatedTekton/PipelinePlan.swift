import KubeClient

/// A Pipeline as the simulation needs it: read once for each version of the object, used by many runs.
struct PipelinePlan: Sendable {
    /// The namespace of the Pipeline; empty when it came out of a bundle.
    let namespace: String
    let name: String
    /// The specification with Tekton's defaults; parameters are not filled in.
    let specification: JSONObject
    /// The tasks of the graph, then those of `finally`, each in declared order.
    let tasks: [Task]
    /// The indices of the tasks, none before those it depends on.
    let order: [Int]
    let behaviour: Behaviour
    /// The specifications of the Tasks that are referred to by name.
    let referencedTasks: [String: JSONObject]

    /// What does not change from run to run in a pipeline task.
    struct Task: Sendable {
        let name: String
        let isFinally: Bool
        /// Indices of the tasks that must be done before; empty for a task of `finally`.
        let parents: [Int]
        /// Indices of the tasks whose results it uses.
        let sources: [Int]
        let retries: Int
        let timeout: Duration?
        let continuesOnError: Bool
        /// Where it stands in the specification: `tasks` or `finally`, and the place therein.
        let place: (list: String, index: Int)
    }

    /// Reads a Pipeline; throws what the status of a run then says.
    init(
        name: String, namespace: String, spec: JSONObject, behaviour: Behaviour, referencedTasks: [String: JSONObject]
    ) throws(PipelineProblem) {
        self.name = name
        self.namespace = namespace
        self.behaviour = behaviour
        self.referencedTasks = referencedTasks
        specification = TektonDefaults.pipelineSpec(spec)
        let declared = spec["tasks"]?.elements ?? []
        let final = spec["finally"]?.elements ?? []
        var indices: [String: Int] = [:]
        for (index, task) in (declared + final).enumerated() { indices[task["name"]?.stringValue ?? ""] = index }
        var tasks: [Task] = []
        for (index, task) in declared.enumerated() {
            tasks.append(try Self.read(task, place: ("tasks", index), indices: indices))
        }
        for (index, task) in final.enumerated() {
            tasks.append(try Self.read(task, place: ("finally", index), indices: indices))
        }
        self.tasks = tasks
        order = try Self.sort(tasks)
    }

    private static func read(
        _ task: JSONValue, place: (list: String, index: Int), indices: [String: Int]
    ) throws(PipelineProblem) -> Task {
        let name = task["name"]?.stringValue ?? ""
        let isFinally = place.list == "finally"
        let variables = Placeholders.tekton.variables(in: task).compactMap { TektonVariable($0)?.sourceTask }
        let runAfter = (task["runAfter"]?.elements ?? []).compactMap(\.stringValue)
        for other in runAfter + variables where indices[other] == nil {
            throw .invalidGraph("task \(name) depends on \(other) but \(other) wasn't present in Pipeline")
        }
        let sources = Set(variables.compactMap { indices[$0] }).sorted()
        let parents = Set((runAfter + variables).compactMap { indices[$0] }).sorted()
        return Task(
            name: name, isFinally: isFinally, parents: isFinally ? [] : parents, sources: sources,
            retries: Int(clamping: max(0, task["retries"]?.integerValue ?? 0)),
            timeout: task["timeout"]?.stringValue.flatMap(Duration.goLimit),
            continuesOnError: task["onError"]?.stringValue == "continue", place: place)
    }

    private static func sort(_ tasks: [Task]) throws(PipelineProblem) -> [Int] {
        var order: [Int] = []
        var isPlaced = Array(repeating: false, count: tasks.count)
        while order.count < tasks.count {
            let before = order.count
            for (index, task) in tasks.enumerated() where !isPlaced[index] && task.parents.allSatisfy({ isPlaced[$0] })
            {
                isPlaced[index] = true
                order.append(index)
            }
            if order.count == before {
                let names = tasks.indices.filter { !isPlaced[$0] }.map { tasks[$0].name }
                throw .invalidGraph("cycle detected; task \"\(names.joined(separator: "\", \""))\" depends on itself")
            }
        }
        return order
    }
}

/// Why a run ends before any of its tasks starts.
enum PipelineProblem: Error, Hashable, Sendable {
    /// The engine's words about why the Pipeline cannot be had.
    case cannotGetPipeline(String)
    case cannotGetTask(pipeline: String, String)
    case invalidGraph(String)

    func condition(run: ObjectKey) -> TektonCondition {
        switch self {
        case .cannotGetPipeline(let why):
            TektonCondition(
                status: .failed, reason: "CouldntGetPipeline",
                message: "Error retrieving pipeline for pipelinerun \(run): \(why)")
        case .cannotGetTask(let pipeline, let why):
            TektonCondition(
                status: .failed, reason: "CouldntGetTask",
                message: "Pipeline \(pipeline) can't be Run; it contains Tasks that don't exist: \(why)")
        case .invalidGraph(let why):
            TektonCondition(
                status: .failed, reason: "PipelineInvalidGraph",
                message: "[User error] PipelineRun \(run)'s Pipeline DAG is invalid: \(why)")
        }
    }
}
