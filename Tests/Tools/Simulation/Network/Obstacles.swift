import KubeClient
import KubeRuntime

/// Delays or rejects some requests for a while, although the network works.
struct Obstacle {
    enum Target {
        case creates, stops, statuses, lists
    }

    enum Effect {
        /// A webhook's policy denies the request.
        case deny
        /// The permission is missing.
        case forbid
        /// The webhook is unreachable.
        case fail
        /// The webhook cannot decode the request.
        case reject
        /// The webhook does not respond; the API server times out after this time.
        case hang(Duration)
        /// The response takes this long.
        case delay(Duration)
        /// A quota is exhausted.
        case quota
    }

    let target: Target
    let effect: Effect
    /// Nil for both engines.
    let kind: ResourceKind?
    /// Nil for every namespace.
    let namespace: String?
    let start: ContinuousClock.Instant
    /// Nil for a permanent obstacle.
    let end: ContinuousClock.Instant?

    func isActive(at now: ContinuousClock.Instant) -> Bool { now >= start && end.map { now < $0 } ?? true }

    func concerns(_ target: Target, _ kind: ResourceKind?, _ namespace: String) -> Bool {
        self.target == target && (self.kind == nil || self.kind == kind)
            && (self.namespace == nil || self.namespace == namespace)
    }

    /// The error response; nil if the request succeeds in the end.
    func refusal(of target: RequestTarget) -> HTTPResponse? {
        let what = "\(target.kind.type.plural).\(target.kind.type.group) \"\(target.name ?? "")\""
        switch effect {
        case .deny:
            return Answer.status(
                403, "Forbidden", "admission webhook \"policy.example.com\" denied the request: not today")
        case .forbid:
            return Answer.status(403, "Forbidden", "\(what) is forbidden: User \"towline\" cannot patch resource")
        case .fail:
            return Answer.status(
                500, "InternalError",
                "Internal error occurred: failed calling webhook \"policy.example.com\": connect: connection refused")
        case .reject:
            return Answer.status(
                400, "BadRequest", "admission webhook \"policy.example.com\" denied the request: cannot decode object")
        case .hang:
            return Answer.status(
                500, "InternalError",
                "Internal error occurred: failed calling webhook \"policy.example.com\": context deadline exceeded")
        case .delay: return nil
        case .quota:
            return Answer.status(
                403, "Forbidden", "\(what) is forbidden: exceeded quota: runs, requested: 1, used: 5, limited: 5")
        }
    }
}

/// The schedule of webhooks, quotas, missing permissions and slow lists.
///
/// Confined to the thread of one simulation.
final class Obstacles: @unchecked Sendable {
    private let time: VirtualTime
    private let history: History
    private(set) var all: [Obstacle] = []
    /// Called at the start of obstacles that need more load: rejected stops, and delayed creates or lists without other
    /// faults.
    var onBeginning: (Obstacle, SeededRandom) -> Void = { _, _ in }

    init(time: VirtualTime, history: History) {
        self.time = time
        self.history = history
    }

    /// The end of the last temporary obstacle; nil without one.
    var lastEnd: ContinuousClock.Instant? { all.compactMap(\.end).max() }

    /// Schedules the obstacles; the faults of the network end after `chaos`.
    func plan(_ configuration: Configuration, seed: UInt64, chaos: Duration) {
        if let random = configuration.random(for: .webhooks, seed: seed) {
            add(.creates, [.hang(.seconds(10)), .hang(.seconds(30)), .fail, .delay(.seconds(6))], random, after: chaos)
            if random.chance(0.5) {
                add(.statuses, [.fail, .deny, .hang(.seconds(10))], random, after: chaos)
            }
            if random.chance(0.5) { add(.creates, [.deny, .fail, .hang(.seconds(10))], random, after: .zero) }
        }
        if let random = configuration.random(for: .quotas, seed: seed) {
            add(.creates, [.quota], random, after: random.chance(0.6) ? chaos : .zero)
        }
        if let random = configuration.random(for: .stops, seed: seed) {
            add(.stops, [.forbid, .deny, .fail, .reject], random, after: .zero, mayStay: true)
        }
        if let random = configuration.random(for: .lists, seed: seed) {
            add(.lists, [.delay(random.duration(.seconds(5)...(.seconds(29))))], random, after: chaos)
        }
    }

    private func add(
        _ target: Obstacle.Target, _ effects: [Obstacle.Effect], _ random: SeededRandom, after delay: Duration,
        mayStay: Bool = false
    ) {
        // Obstacles after the end of the network's faults start when the processes work again.
        let settling = delay == .zero ? Duration.zero : .seconds(60)
        let start = time.now.advanced(by: delay + settling + random.duration(.zero...(.seconds(60))))
        var length = random.chance(0.5) ? Duration.seconds(20)...(.seconds(60)) : .seconds(60)...(.seconds(400))
        // A final status without an accepted stop takes five minutes.
        if target == .stops, random.chance(0.4) { length = .seconds(400)...(.seconds(700)) }
        let byKind = target == .lists || random.chance(0.5)
        let obstacle = Obstacle(
            target: target, effect: random.pick(effects),
            kind: byKind ? random.pick([ResourceKind.pipelineRuns, .workflows]) : nil,
            namespace: byKind ? nil : Users.namespace, start: start,
            end: mayStay && random.chance(0.3) ? nil : start.advanced(by: random.duration(length)))
        all.append(obstacle)
        time.schedule(at: start) { [weak self] in
            self?.history.log("an obstacle begins: \(obstacle.target) \(obstacle.effect) of \(obstacle.scope)")
            guard delay > .zero && target != .statuses || target == .stops else { return }
            self?.onBeginning(obstacle, random)
        }
        guard let end = obstacle.end else { return }
        time.schedule(at: end) { [weak self] in self?.history.log("an obstacle ends: \(obstacle.target)") }
    }

    /// The active obstacle to a request.
    func obstacle(to request: HTTPRequest, _ target: RequestTarget) -> Obstacle? {
        guard !all.isEmpty, let (what, kind) = Self.classify(request, target) else { return nil }
        return all.first { $0.isActive(at: time.now) && $0.concerns(what, kind, target.namespace ?? "") }
    }

    private static func classify(
        _ request: HTTPRequest, _ target: RequestTarget
    ) -> (Obstacle.Target, ResourceKind?)? {
        switch request.method {
        case .post where target.kind.isRun: (.creates, target.kind)
        case .patch where target.kind.isRun: (.stops, target.kind)
        case .patch where target.kind == .executions && target.subresource == "status": (.statuses, nil)
        case .patch where target.kind == .environments && target.subresource == "status": (.statuses, nil)
        // Only environments create and stop executions.
        case .post where target.kind == .executions: (.creates, nil)
        case .patch where target.kind == .executions: (.stops, nil)
        case .get where target.kind.isRun && target.name == nil: (.lists, target.kind)
        default: nil
        }
    }

    /// The time since which requests have no obstacle: `.none` if one is active, `.some(nil)` if there never was one.
    func free(
        _ target: Obstacle.Target, _ kind: ResourceKind?, _ namespace: String
    ) -> ContinuousClock.Instant?? {
        let past = all.filter { $0.concerns(target, kind, namespace) && $0.start <= time.now }
        if past.contains(where: { $0.isActive(at: time.now) }) { return .none }
        return .some(past.compactMap(\.end).max())
    }

    /// True if a permanent obstacle applies.
    func rejectsPermanently(_ target: Obstacle.Target, _ kind: ResourceKind, _ namespace: String) -> Bool {
        all.contains { $0.end == nil && $0.concerns(target, kind, namespace) }
    }
}

extension Obstacle {
    fileprivate var scope: String { kind?.rawValue ?? namespace ?? "everything" }
}
