import APIServer
import KubeClient

/// Looks up Pipelines and parses each version once.
final class PipelineCatalog: Sendable {
    private struct Version: Hashable {
        let uid: String
        let resourceVersion: String
        let isRemote: Bool
    }

    private struct State {
        var plans: [Version: PipelinePlan] = [:]
        var remote: [ResolverRequest.Kind: [String: RemoteObject]] = [:]
    }

    /// How many plans are cached; the cache is cleared when it is full.
    private static let maximumPlans = 1000

    private let cluster: any SandboxCluster
    private let environment: SandboxEnvironment
    private let state = Locked(State())

    init(cluster: any SandboxCluster, environment: SandboxEnvironment) {
        self.cluster = cluster
        self.environment = environment
    }

    /// Watches the Pipelines and Tasks that stand for remote ones until the task is canceled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for kind in [ResolverRequest.Kind.pipeline, .task] { group.addTask { await self.watch(kind) } }
        }
    }

    private func watch(_ kind: ResolverRequest.Kind) async {
        while !Task.isCancelled {
            var present: Set<String> = []
            do {
                for try await change in cluster.changes(of: kind.resource, namespace: nil) {
                    observe(change, kind, &present)
                }
            } catch {
                // The next watch delivers every existing object again.
            }
            try? await environment.sleep(.milliseconds(500))
        }
    }

    /// `present` collects the UIDs of the initial events; any other object was deleted before the watch started.
    private func observe(_ change: ObjectChange, _ kind: ResolverRequest.Kind, _ present: inout Set<String>) {
        switch change {
        case .added(let object), .modified(let object):
            present.insert(object.uid)
            note(object, kind)
        case .deleted(let object): state.withLock { $0.remote[kind]?[object.uid] = nil }
        case .synced:
            state.withLock { [present] state in
                state.remote[kind] = state.remote[kind]?.filter { present.contains($0.key) }
            }
            present = []
        }
    }

    private func note(_ object: JSONValue, _ kind: ResolverRequest.Kind) {
        state.withLock { $0.remote[kind, default: [:]][object.uid] = RemoteObject(object) }
    }

    /// The objects that pass a test; lists them once if the watch has not delivered any yet.
    private func find(
        _ kind: ResolverRequest.Kind, _ isWanted: @Sendable (RemoteObject) -> Bool
    ) async -> [RemoteObject] {
        let found = state.withLock { $0.remote[kind]?.values.filter(isWanted) ?? [] }
        guard found.isEmpty else { return found }
        for object in (try? await cluster.list(kind.resource, namespace: nil, labelSelector: "")) ?? [] {
            note(object, kind)
        }
        return state.withLock { $0.remote[kind]?.values.filter(isWanted) ?? [] }
    }

    private var resolvers: PipelineResolvers {
        PipelineResolvers(cluster: cluster) { await self.find($0, $1) }
    }
}

extension ResolverRequest.Kind {
    fileprivate var resource: GroupVersionResource {
        switch self {
        case .pipeline: Tekton.pipelines
        case .task: Tekton.tasks
        }
    }
}

extension PipelineCatalog {
    func resolve(_ reference: PipelineReference) async -> PipelineResolution {
        do throws(PipelineProblem) {
            let missing = await missingServiceAccounts(reference)
            let run = reference.run
            switch reference.source {
            case .embedded(let spec):
                let object: JSONValue = ["metadata": ["name": .string(run.name)], "spec": .object(spec)]
                let plan = try await makePlan(object, namespace: run.namespace, run: run)
                return .success(ResolvedPipeline(plan: plan, missingServiceAccounts: missing))
            case .name(let name):
                let plan = try await plan(of: try await pipeline(name, run: run), isRemote: false, run: run)
                return .success(ResolvedPipeline(plan: plan, missingServiceAccounts: missing))
            case .remote(let request):
                let answer = try await answer(request)
                let plan = try await plan(of: answer.object, isRemote: true, run: run)
                let origin = request.resolver == "cluster" ? nil : answer.object.objectKey
                return .success(
                    ResolvedPipeline(
                        plan: plan, source: answer.source, origin: origin, missingServiceAccounts: missing))
            }
        } catch {
            return .failure(error)
        }
    }

    private func answer(_ request: ResolverRequest) async throws(PipelineProblem) -> ResolverAnswer {
        let answer: ResolverAnswer
        do {
            answer = try await resolvers.answer(request)
        } catch {
            throw .cannotGetPipeline("resolver failed to get Pipeline : \(error.message(for: request))")
        }
        guard answer.object["kind"]?.stringValue ?? "Pipeline" == "Pipeline" else {
            throw .cannotGetPipeline("failed to read runtime object as Pipeline: resource is not a pipeline")
        }
        return answer
    }

    /// The account `default` is not looked up, since a bare API server has no controller that creates it.
    private func missingServiceAccounts(_ reference: PipelineReference) async -> Set<String> {
        let names = reference.serviceAccountNames.subtracting(["default"])
        let resource = GroupVersionResource(group: "", version: "v1", resource: "serviceaccounts")
        guard !names.isEmpty, await cluster.serves(resource) else { return [] }
        var missing: Set<String> = []
        for name in names {
            do {
                _ = try await cluster.get(resource, namespace: reference.run.namespace, name: name)
            } catch {
                if error.code == 404 { missing.insert(name) }
            }
        }
        return missing
    }

    private func pipeline(_ name: String, run: ObjectKey) async throws(PipelineProblem) -> JSONValue {
        do {
            return try await cluster.get(Tekton.pipelines, namespace: run.namespace, name: name)
        } catch {
            throw .cannotGetPipeline(
                "error when getting Pipeline for PipelineRun \(run.name): "
                    + "tekton client cannot get pipeline \(name) from local cluster: \(error.message)")
        }
    }
}

extension PipelineCatalog {
    private func plan(of object: JSONValue, isRemote: Bool, run: ObjectKey) async throws(PipelineProblem)
        -> PipelinePlan
    {
        let version = Version(
            uid: object.uid, resourceVersion: object.metadata.text("resourceVersion"), isRemote: isRemote)
        if let plan = state.withLock({ $0.plans[version] }) { return plan }
        let namespace = isRemote ? "" : object.metadata.text("namespace")
        let plan = try await makePlan(object, namespace: namespace, run: run)
        // Referenced Tasks may change without the Pipeline, so this plan is not cached.
        guard plan.referencedTasks.isEmpty, plan.missingTask == nil else { return plan }
        state.withLock { state in
            if state.plans.count >= Self.maximumPlans { state.plans = [:] }
            state.plans[version] = plan
        }
        return plan
    }

    private func makePlan(_ object: JSONValue, namespace: String, run: ObjectKey) async throws(PipelineProblem)
        -> PipelinePlan
    {
        let behavior: Behavior
        do {
            behavior = try Behavior(annotations: object.metadata["annotations"]?.objectValue ?? [:])
        } catch {
            throw .cannotGetPipeline(error.description)
        }
        let name = object.metadata.text("name")
        let spec = object["spec"]?.objectValue ?? [:]
        var tasks: [String: JSONObject] = [:]
        var missing: PipelineProblem?
        for task in (spec["tasks"]?.elements ?? []) + (spec["finally"]?.elements ?? []) {
            guard task["taskSpec"] == nil, let reference = task["taskRef"] else { continue }
            let taskName = task["name"]?.stringValue ?? ""
            switch await self.task(reference, taskRun: ChildName.make(run.name, "-\(taskName)"), run: run) {
            case .success(let object): tasks[taskName] = TektonDefaults.taskSpec(object["spec"]?.objectValue ?? [:])
            case .failure(let failure):
                missing = missing ?? .cannotGetTask(pipeline: "\(namespace)/\(name)", failure.why)
            }
        }
        return try PipelinePlan(
            name: name, namespace: namespace, metadata: PipelinePlan.Metadata(of: object), spec: spec,
            behavior: behavior, referencedTasks: tasks, missingTask: missing)
    }

    private struct MissingTask: Error {
        let why: String
    }

    /// The Task of a reference: from the run's namespace, or from a resolver.
    private func task(_ reference: JSONValue, taskRun: String, run: ObjectKey) async -> Result<JSONValue, MissingTask> {
        let request = ResolverRequest(
            .task, reference: reference, owner: ObjectKey(namespace: run.namespace, name: taskRun))
        guard request.resolver.isEmpty else {
            do {
                return .success(try await resolvers.answer(request).object)
            } catch {
                let why = "Couldn't retrieve Task \"\(request.description)\": \(error.message(for: request))"
                return .failure(MissingTask(why: why))
            }
        }
        let name = reference["name"]?.stringValue ?? ""
        do {
            return .success(try await cluster.get(Tekton.tasks, namespace: run.namespace, name: name))
        } catch {
            return .failure(MissingTask(why: "Couldn't retrieve Task \"\(name)\": \(error.message)"))
        }
    }
}
