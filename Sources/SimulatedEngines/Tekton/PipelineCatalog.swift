import APIServer
import KubeClient

/// Looks up Pipelines and parses each version once.
final class PipelineCatalog: Sendable {
    /// The annotation with the image from which the `bundles` resolver gets a Pipeline.
    static let bundleAnnotation = Behavior.prefix + "bundle"
    /// The annotation with that image's digest; without it, a digest is generated.
    static let digestAnnotation = Behavior.prefix + "bundle-digest"

    private struct Version: Hashable {
        let uid: String
        let resourceVersion: String
        let isInBundle: Bool
    }

    private struct BundledPipeline {
        let image: BundleReference
        let digest: String
        let object: JSONValue
    }

    private struct State {
        var plans: [Version: PipelinePlan] = [:]
        var bundled: [String: BundledPipeline] = [:]
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

    /// Watches the Pipelines in bundles until the task is canceled.
    func run() async {
        while !Task.isCancelled {
            var present: Set<String> = []
            do {
                for try await change in cluster.changes(of: Tekton.pipelines, namespace: nil) {
                    observe(change, &present)
                }
            } catch {
                // The next watch delivers every existing Pipeline again.
            }
            try? await environment.sleep(.milliseconds(500))
        }
    }

    /// `present` collects the UIDs of the initial events; any other Pipeline was deleted before the watch started.
    private func observe(_ change: ObjectChange, _ present: inout Set<String>) {
        switch change {
        case .added(let object), .modified(let object):
            present.insert(object.uid)
            note(object)
        case .deleted(let object): state.withLock { $0.bundled[object.uid] = nil }
        case .synced:
            state.withLock { [present] state in state.bundled = state.bundled.filter { present.contains($0.key) } }
            present = []
        }
    }

    private func note(_ object: JSONValue) {
        let annotations = object.metadata["annotations"]
        let entry = annotations?[Self.bundleAnnotation]?.stringValue.map { text in
            let image = BundleReference(text)
            let digest =
                annotations?[Self.digestAnnotation]?.stringValue ?? image.digest
                ?? "sha256:" + FNV.digits(text, count: 64)
            return BundledPipeline(image: image, digest: digest, object: object)
        }
        state.withLock { $0.bundled[object.uid] = entry }
    }
}

extension PipelineCatalog {
    func resolve(_ reference: PipelineReference) async -> PipelineResolution {
        do throws(PipelineProblem) {
            let missing = await missingServiceAccounts(reference)
            switch reference.source {
            case .embedded(let spec):
                let object: JSONValue = ["metadata": ["name": .string(reference.run.name)], "spec": .object(spec)]
                let plan = try await makePlan(object, namespace: reference.run.namespace, run: reference.run)
                return .success(ResolvedPipeline(plan: plan, source: nil, missingServiceAccounts: missing))
            case .name(let name):
                let object = try await pipeline(name, run: reference.run)
                let plan = try await plan(of: object, isInBundle: false, run: reference.run)
                return .success(ResolvedPipeline(plan: plan, source: nil, missingServiceAccounts: missing))
            case .bundle(let image, let name, let kind):
                let found = try await bundled(image: image, name: name, kind: kind, run: reference.run)
                let plan = try await plan(of: found.object, isInBundle: true, run: reference.run)
                return .success(
                    ResolvedPipeline(
                        plan: plan, source: Self.source(found, name: name), missingServiceAccounts: missing))
            case .unsupported(let resolver, let name):
                throw .cannotGetPipeline(
                    "resolver failed to get Pipeline \(name): the sandbox does not support the resolver \"\(resolver)\"; use \"bundles\""
                )
            }
        } catch {
            return .failure(error)
        }
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

    /// The Pipeline of a bundle; lists Pipelines once if the watch has not delivered it yet.
    private func bundled(
        image text: String, name: String, kind: String, run: ObjectKey
    ) async throws(PipelineProblem) -> BundledPipeline {
        let requested = BundleReference(text)
        var found = state.withLock { $0.bundled.values.filter { $0.image.matches(requested, digest: $0.digest) } }
        if !found.contains(where: { $0.object.objectKey?.name == name }) {
            for object in (try? await cluster.list(Tekton.pipelines, namespace: nil, labelSelector: "")) ?? [] {
                note(object)
            }
            found = state.withLock { $0.bundled.values.filter { $0.image.matches(requested, digest: $0.digest) } }
        }
        let prefix = "resolver failed to get Pipeline \(name): error requesting remote resource: error getting "
        let request = "\"bundleresolver\" \"\(run.namespace)/bundles-\(FNV.digits("\(text)/\(name)", count: 32))\": "
        guard !found.isEmpty else {
            let tag = requested.digest ?? requested.tag
            throw .cannotGetPipeline(
                prefix + request + "cannot retrieve the oci image: GET \(requested.repository)/manifests/\(tag): "
                    + "MANIFEST_UNKNOWN: manifest unknown")
        }
        let match = found.first { $0.object.objectKey?.name == name }
        guard let match, kind.lowercased() == "pipeline" else {
            throw .cannotGetPipeline(
                prefix + request + "could not find object in image with kind: \(kind) and name: \(name)")
        }
        return match
    }

    private static func source(_ bundled: BundledPipeline, name: String) -> JSONValue {
        let digest = bundled.digest.split(separator: ":").last.map(String.init) ?? bundled.digest
        return [
            "uri": .string(bundled.image.repository), "digest": ["sha256": .string(digest)],
            "entryPoint": .string(name),
        ]
    }
}

extension PipelineCatalog {
    private func plan(of object: JSONValue, isInBundle: Bool, run: ObjectKey) async throws(PipelineProblem)
        -> PipelinePlan
    {
        let version = Version(
            uid: object.uid, resourceVersion: object.metadata.text("resourceVersion"), isInBundle: isInBundle)
        if let plan = state.withLock({ $0.plans[version] }) { return plan }
        let namespace = isInBundle ? "" : object.metadata.text("namespace")
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
            guard task["taskSpec"] == nil, let taskName = task["taskRef"]?["name"]?.stringValue else { continue }
            do {
                let taskObject = try await cluster.get(Tekton.tasks, namespace: run.namespace, name: taskName)
                tasks[task["name"]?.stringValue ?? ""] = TektonDefaults.taskSpec(taskObject["spec"]?.objectValue ?? [:])
            } catch {
                missing =
                    missing
                    ?? .cannotGetTask(
                        pipeline: "\(namespace)/\(name)", "Couldn't retrieve Task \"\(taskName)\": \(error.message)")
            }
        }
        return try PipelinePlan(
            name: name, namespace: namespace, metadata: PipelinePlan.Metadata(of: object), spec: spec,
            behavior: behavior, referencedTasks: tasks, missingTask: missing)
    }
}
