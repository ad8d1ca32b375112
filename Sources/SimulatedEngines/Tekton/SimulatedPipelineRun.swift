import APIServer
import KubeClient
import Schema

/// The state machine of one PipelineRun.
struct SimulatedPipelineRun: SimulatedRun {
    enum Stage: Sendable {
        case arrived
        case resolving
        case resolved(PipelineResolution)
        /// Claims for workspaces are being created, again at the given time if one was refused for now.
        case claiming(retryAt: Timestamp?)
        case running
        /// The run has its final condition; TaskRuns may still be ending.
        case ended
    }

    let key: ObjectKey
    let uid: String
    let specification: JSONObject
    var labels: JSONObject
    var annotations: JSONObject
    /// `spec.status`, by which users stop or cancel the run.
    var request: String
    var stage = Stage.arrived
    var plan: PipelinePlan?
    /// The Pipeline in the cluster with which a resolver was answered.
    private var origin: ObjectKey?
    var missingServiceAccounts: Set<String> = []
    /// The Pipeline's specification with this run's parameters substituted.
    var pipelineSpec: JSONObject = [:]
    /// The TaskRuns of each task in the plan; empty until it starts.
    var taskRuns: [[SimulatedTaskRun]] = []
    /// When Tekton Results has stored the finished run; nil if it is not to, or has.
    private var archiving: Delay.Due?
    /// What Tekton notices only when it looks at the Pipeline again after the first tasks have started.
    var lateProblem: PipelineProblem?
    var startedAt: Timestamp?
    var finallyStartedAt: Timestamp?
    /// The claims that the API server refused to create.
    private var refusedClaims: [(name: String, refusal: StatusError)] = []
    /// Why a TaskRun was refused, once one was.
    private var refusedTaskRun: String?
    var status: JSONObject
    private var written: JSONObject
    /// Whether Tekton's labels and defaults were added to the object.
    private var isTouched = false

    init?(_ object: JSONValue) {
        guard let key = object.objectKey, let specification = object["spec"]?.objectValue else { return nil }
        let status = object["status"]?.objectValue ?? JSONObject()
        let condition = status["conditions"]?.elements.first { $0["type"]?.stringValue == "Succeeded" }
        let outcome = condition?["status"]?.stringValue ?? "Unknown"
        guard outcome == "Unknown", specification["managedBy"]?.stringValue ?? Self.controller == Self.controller else {
            return nil
        }
        self.key = key
        self.specification = specification
        self.status = status
        written = status
        uid = object.uid
        labels = object.metadata["labels"]?.objectValue ?? JSONObject()
        annotations = object.metadata["annotations"]?.objectValue ?? JSONObject()
        request = Self.request(in: object)
        startedAt = (status["startTime"]?.stringValue).flatMap { Timestamp(rfc3339: $0) }
    }

    /// The value of `spec.managedBy` for runs that Tekton itself reconciles.
    private static let controller = "tekton.dev/pipeline"

    static func request(in object: JSONValue) -> String {
        object[path: ["spec", "status"]]?.stringValue ?? ""
    }

    mutating func observe(_ request: String) {
        self.request = request
    }

    mutating func resolve(_ resolution: PipelineResolution) {
        stage = .resolved(resolution)
    }

    mutating func created(_ object: JSONValue) {
        guard object["kind"]?.stringValue == "TaskRun" else { return }
        let name = object.objectKey?.name
        for index in taskRuns.indices {
            for number in taskRuns[index].indices where taskRuns[index][number].template.name == name {
                taskRuns[index][number].created(uid: object.uid)
            }
        }
    }

    mutating func refused(_ write: ClusterWrite, _ error: StatusError) {
        guard case .create(let resource, _, let object) = write else { return }
        if resource == TektonWorkspaces.claims { refusedClaims.append((object.metadata.text("name"), error)) }
        if resource == Tekton.taskRuns, [400, 422].contains(error.code) { refusedTaskRun = error.message }
    }

    mutating func advance(to now: Timestamp) -> [RunAction<PipelineReference>] {
        if let refusedTaskRun, !isEnded {
            fail(.cannotCreateTaskRun(refusedTaskRun), at: now)
            return flush()
        }
        switch stage {
        case .arrived: return arrive(at: now)
        case .resolving: return []
        case .resolved(let resolution):
            begin(resolution, at: now)
            let actions = adoptMetadata()
            return actions + (isEnded ? flush() : claim())
        case .claiming(let retryAt):
            if let retryAt { return now < retryAt ? [] : claim() }
            return settleClaims(at: now)
        case .running: return proceed(at: now)
        case .ended: return advanceTasks(to: now) + archive(at: now)
        }
    }

    /// Marks the run as stored when it is due, as Tekton Results does.
    private mutating func archive(at now: Timestamp) -> [RunAction<PipelineReference>] {
        guard let time = archiving?.time, time <= now else { return [] }
        archiving = nil
        return [
            .write(
                .patch(
                    Tekton.pipelineRuns, namespace: key.namespace, name: key.name,
                    ["metadata": ["uid": .string(uid), "annotations": [Self.storedAnnotation: "true"]]],
                    subresource: nil))
        ]
    }

    var isEnded: Bool {
        if case .ended = stage { true } else { false }
    }

    var isFinished: Bool {
        isEnded && archiving?.time == nil && taskRuns.joined().allSatisfy { $0.outcome != nil }
    }

    var wakeTime: Timestamp? {
        switch stage {
        case .arrived, .resolving: nil
        case .resolved: .earliest
        case .claiming(let retryAt): retryAt ?? .earliest
        case .running: (taskRuns.joined().map(\.wakeTime) + deadlines).compactMap { $0 }.min()
        case .ended: (taskRuns.joined().map(\.wakeTime) + [archiving?.time]).compactMap { $0 }.min()
        }
    }
}

extension SimulatedPipelineRun {
    /// Performs the first reconciliation: adds labels and defaults, then starts the run or rejects it.
    private mutating func arrive(at now: Timestamp) -> [RunAction<PipelineReference>] {
        let actions = touch()
        if request == Tekton.pending {
            setCondition(.unfinished, "PipelineRunPending", "PipelineRun \"\(key.name)\" is pending", at: now)
            return actions + flush()
        }
        if startedAt == nil { startedAt = now }
        status["startTime"] = .string((startedAt ?? now).rfc3339)
        if Self.isCancelRequest(request) {
            end(.failed, "Cancelled", "PipelineRun \"\(key.name)\" was cancelled", at: now)
            return actions + flush()
        }
        stage = .resolving
        let reference = PipelineReference(run: key, specification: specification)
        guard reference.isRemote else { return actions + [.resolve(reference)] }
        setCondition(
            .unfinished, "ResolvingPipelineRef", "PipelineRun \(key) awaiting remote resource", at: now)
        return actions + flush() + [.resolve(reference)]
    }

    /// Adds the label and the empty template that Tekton adds before anything else.
    private mutating func touch() -> [RunAction<PipelineReference>] {
        if isTouched { return [] }
        isTouched = true
        var patch: JSONObject = [:]
        let reference = PipelineReference(run: key, specification: specification)
        if labels["tekton.dev/pipeline"] == nil {
            labels["tekton.dev/pipeline"] = .string(reference.pipelineName)
            patch["metadata"] = [
                "uid": .string(uid), "labels": ["tekton.dev/pipeline": .string(reference.pipelineName)],
            ]
        }
        if specification["taskRunTemplate"] == nil { patch["spec"] = ["taskRunTemplate": [:]] }
        guard !patch.isEmpty else { return [] }
        return [
            .write(
                .patch(
                    Tekton.pipelineRuns, namespace: key.namespace, name: key.name, .object(patch), subresource: nil))
        ]
    }

    /// The annotation of a run that names the Pipeline with which the sandbox answered a resolver.
    static let originAnnotation = Behavior.prefix + "resolved-from"

    /// The annotation with which Tekton Results says whether it has stored a run.
    static let storedAnnotation = "results.tekton.dev/stored"

    /// Adds the Pipeline's name, labels, and annotations to the run; the run's own labels and annotations win.
    private mutating func adoptMetadata() -> [RunAction<PipelineReference>] {
        guard let plan else { return [] }
        var patch: JSONObject = [:]
        var adopted = labels.adding(plan.metadata.labels)
        adopted["tekton.dev/pipeline"] = .string(plan.name)
        patch["labels"] = MergePatch.difference(from: .object(labels), to: .object(adopted))
        labels = adopted
        adopted = annotations.adding(plan.metadata.annotations)
        patch["annotations"] = MergePatch.difference(from: .object(annotations), to: .object(adopted))
        annotations = adopted
        // TaskRuns and pods do not get these.
        var notes = patch["annotations"]?.objectValue ?? [:]
        notes[Self.originAnnotation] = origin.map { .string("\($0)") }
        if plan.behavior.archive != nil { notes[Self.storedAnnotation] = "false" }
        if !notes.isEmpty { patch["annotations"] = .object(notes) }
        guard !patch.isEmpty else { return [] }
        patch["uid"] = .string(uid)
        return [
            .write(
                .patch(
                    Tekton.pipelineRuns, namespace: key.namespace, name: key.name, ["metadata": .object(patch)],
                    subresource: nil))
        ]
    }

    /// Starts the run with the result of the lookup, or ends it if it cannot start.
    private mutating func begin(_ resolution: PipelineResolution, at now: Timestamp) {
        stage = .running
        let found: ResolvedPipeline
        switch resolution {
        case .failure(let problem):
            let condition = problem.condition(run: key)
            end(condition.status, condition.reason, condition.message, at: now)
            return
        case .success(let pipeline): found = pipeline
        }
        missingServiceAccounts = found.missingServiceAccounts
        plan = found.plan
        origin = found.origin
        taskRuns = Array(repeating: [], count: found.plan.tasks.count)
        var provenance: JSONObject = ["featureFlags": Tekton.featureFlags]
        provenance["refSource"] = found.source
        status["provenance"] = .object(provenance)
        pipelineSpec = found.plan.specification
        let problem = prepare(found.plan)
        status["pipelineSpec"] = .object(pipelineSpec)
        if let problem { end(problem.status, problem.reason, problem.message, at: now) }
    }

    /// Checks the run's inputs and substitutes them in the Pipeline; returns why the run fails, if it does.
    private mutating func prepare(_ plan: PipelinePlan) -> TektonCondition? {
        if let why = TektonMatrix.problem(of: pipelineSpec) {
            let pipeline = ObjectKey(namespace: plan.namespace, name: plan.name)
            return PipelineProblem.invalidPipeline(pipeline, why).condition(run: key)
        }
        let inputs = PipelineInputs(
            run: key, pipelineName: plan.name, pipeline: pipelineSpec, specification: specification)
        if let problem = inputs.problem { return problem }
        do throws(PipelineProblem) {
            try substituteParameters()
            // Only now are the arrays of matrices known. Tekton reads the substituted Pipeline when it continues.
            if let why = TektonMatrix.problem(of: pipelineSpec) {
                let name = specification["pipelineRef"]?["name"]?.stringValue ?? ""
                lateProblem = .invalidPipeline(ObjectKey(namespace: key.namespace, name: name), why)
            }
            if let missing = plan.missingTask { throw missing }
            try checkTasks(plan)
            return nil
        } catch {
            return error.condition(run: key, pipeline: plan.name)
        }
    }

    /// Creates the claims of workspaces before anything starts.
    private mutating func claim() -> [RunAction<PipelineReference>] {
        refusedClaims = []
        stage = .claiming(retryAt: nil)
        return claimCreations
    }

    /// Starts the tasks if all claims exist; otherwise fails the run, or retries a refusal that may pass.
    private mutating func settleClaims(at now: Timestamp) -> [RunAction<PipelineReference>] {
        if let (name, refusal) = refusedClaims.first {
            let why = "for \(name): \(refusal.message)"
            guard refusal.isPassingForClaims else {
                fail(.cannotCreateClaim("PVC creation error \(why)"), at: now)
                return flush()
            }
            stage = .claiming(retryAt: now + .seconds(1))
            let message = "Waiting for PVC creation to succeed: PVC creation error, retryable \(why)"
            setCondition(.unfinished, "PipelineRunPending", message, at: now)
            return flush()
        }
        stage = .running
        return proceed(at: now)
    }

    mutating func fail(_ problem: PipelineProblem, at now: Timestamp) {
        let condition = problem.condition(run: key, pipeline: plan?.name ?? "")
        end(condition.status, condition.reason, condition.message, at: now)
    }

    mutating func setCondition(
        _ status: TektonCondition.Status, _ reason: String, _ message: String, at now: Timestamp
    ) {
        TektonCondition(status: status, reason: reason, message: message).store(in: &self.status, at: now)
    }

    mutating func end(
        _ status: TektonCondition.Status, _ reason: String, _ message: String, at now: Timestamp
    ) {
        setCondition(status, reason, message, at: now)
        self.status["completionTime"] = .string(now.rfc3339)
        stage = .ended
        archiving = plan?.behavior.archive?.due(after: now)
    }

    /// Writes the status if it changed since the last write.
    mutating func flush() -> [RunAction<PipelineReference>] {
        guard let patch = MergePatch.difference(from: .object(written), to: .object(status)) else { return [] }
        written = status
        return [
            .write(
                .patch(
                    Tekton.pipelineRuns, namespace: key.namespace, name: key.name,
                    ["metadata": ["uid": .string(uid)], "status": patch],
                    subresource: "status"))
        ]
    }
}

/// Timeouts of the run, its tasks, and its `finally` tasks.
extension SimulatedPipelineRun {
    private func limit(_ part: String) -> Duration? {
        specification["timeouts"]?[part]?.stringValue.flatMap(Duration.goLimit)
    }

    /// The timeout of the whole run; zero for none.
    var timeout: Duration { limit("pipeline") ?? Tekton.defaultTimeout }

    /// The timeout of the tasks: their own, or the run's minus that of `finally`; nil if neither is set.
    var tasksTimeout: Duration? {
        if let own = limit("tasks") { return own }
        guard let final = limit("finally"), timeout > final else { return nil }
        return timeout - final
    }

    var finallyTimeout: Duration? {
        if let own = limit("finally") { return own }
        guard let tasks = limit("tasks"), timeout > tasks else { return nil }
        return timeout - tasks
    }

    private var tasksDeadline: Timestamp? { Self.deadline(startedAt, tasksTimeout) }
    private var finallyDeadline: Timestamp? { Self.deadline(finallyStartedAt, finallyTimeout) }

    private static func deadline(_ start: Timestamp?, _ limit: Duration?) -> Timestamp? {
        guard let start, let limit, limit > .zero else { return nil }
        return start + limit
    }

    func haveTasksTimedOut(at now: Timestamp) -> Bool { tasksDeadline.map { now >= $0 } ?? false }
    func hasFinallyTimedOut(at now: Timestamp) -> Bool { finallyDeadline.map { now >= $0 } ?? false }

    /// The deadlines that can still expire and would stop tasks.
    var deadlines: [Timestamp?] {
        guard let plan else { return [] }
        let isGraphBusy = plan.tasks.indices.contains { !plan.tasks[$0].isFinally && taskRuns[$0].outcome == nil }
        return [
            timeout > .zero ? startedAt.map { $0 + timeout } : nil,
            isGraphBusy && finallyStartedAt == nil ? tasksDeadline : nil,
            finallyDeadline,
        ]
    }
}

extension StatusError {
    /// Whether Tekton retries the creation of a claim that was refused with this error.
    fileprivate var isPassingForClaims: Bool {
        (reason == "Forbidden" && message.firstRange(of: "exceeded quota") != nil) || reason == "Conflict"
    }
}
