import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

extension Situation {
    /// No run was ever seen for this execution: create one, or say why not.
    func startStep(_ spec: ExecutionSpec) -> Step {
        if let hold = restoredHold(spec) { return hold }
        if let ending = endingWithoutRun(spec) { return step(toEndWithoutRun: ending) }
        if let failure = facts.creationFailure { return step(after: failure, spec) }
        guard facts.isEngineServed else { return hold(.engineUnavailable, notServedMessage, spec) }
        // Whatever it was that woke the execution.
        if let pause = facts.creationPause { return .postpone(atMost: beforeStartDeadline(pause, spec)) }
        switch facts.creationHold {
        case .pause(let pause): return .postpone(atMost: beforeStartDeadline(pause, spec))
        case .wait(let waited, let isSlow): return waitForTurn(waited, isSlow)
        case .send, nil: break
        }
        guard let manifest = engine.makeRun(for: execution, named: execution.runName) else { return .rest(after: nil) }
        return .createRun(manifest: manifest)
    }

    /// Other creates go first. A short wait is not worth a write, nor is one in a burst that moves on; and an obstacle
    /// that the status names is still the last one that was met.
    private func waitForTurn(_ waited: Duration, _ isSlow: Bool) -> Step {
        guard waited >= (isSlow ? Self.shortWait : Self.longWait) else {
            return .postpone(atMost: max(Self.shortWait - waited, waited))
        }
        let rest = Step.postpone(atMost: Backoff.workQueue.cap)
        switch execution.status.reason {
        case nil, .accepted, .engineUnavailable, .restoredFromBackup, .waitingToCreate:
            let message = """
                The run waits for its turn: few runs are created at a time, and fewer where creates are slow. \
                It is created as soon as it is its turn; nothing has to be done.
                """
            return report([held(.waitingToCreate, message)], otherwise: rest)
        default: return rest
        }
    }

    /// A wait for a turn behind creates that are held up is reported from here on.
    private static let shortWait = Duration.seconds(1)
    /// Any other wait is.
    private static let longWait = Duration.seconds(10)

    /// Ends the execution once it is proven that there is no run, and that none is on its way.
    ///
    /// An earlier create may have reached the server although its answer was lost, or may still reach it. A server that
    /// does not know the engine's runs has none.
    private func step(toEndWithoutRun ending: ExecutionEvent) -> Step {
        if let settling { return .rest(after: settling) }
        guard isProvenAbsent else { return .readRun }
        guard case .engineMissing = facts.run, case .ended(let reason, let message, let engine, _) = ending else {
            return report([ending])
        }
        // A process may have created the run and ended before it could store that; the server may serve it again.
        return report([.ended(reason, message: message, engine: engine, provesNoRun: false)])
    }

    /// For how long a create that was sent before may still be carried out; nil when none can.
    var settling: Duration? {
        guard let settled = facts.creationSettles, instant < settled else { return nil }
        return instant.duration(to: settled)
    }

    private var isProvenAbsent: Bool {
        switch facts.run {
        case .absent, .engineMissing: true
        case .unknown, .present, .deleted, .unreadable, .engineNotFollowed: false
        }
    }

    /// How the execution ends when it is certain that it has no run; nil when one may be created.
    private func endingWithoutRun(_ spec: ExecutionSpec) -> ExecutionEvent? {
        if let shutdown = spec.shutdown {
            return ended(
                .cancelled,
                "Shutdown (\(shutdown.rawValue)) was requested before the execution had a run. None is created.")
        }
        if let problem = spec.validate().first { return ended(.invalidSpec, problem.description) }
        if let remaining = timeToStartDeadline(spec), remaining <= .zero {
            let seconds = spec.executionConfig.startDeadlineSeconds ?? 0
            let last = execution.status.message.map { " Last obstacle: \($0)" } ?? ""
            return ended(
                .startDeadlineExceeded, "No run could be created within \(seconds) seconds.\(last)")
        }
        return nil
    }

    private func step(after failure: CreateFailure, _ spec: ExecutionSpec) -> Step {
        switch failure {
        case .transient(let reason, let message, let retryAfter), .uncertain(let reason, let message, let retryAfter):
            return hold(reason, message, spec, notBefore: retryAfter ?? .zero)
        case .permanent(let reason, let message):
            // An earlier attempt whose answer was lost may have made the run; one that is still on its way will be
            // refused as this one was.
            return isProvenAbsent ? report([ended(reason, message)]) : .readRun
        case .nameTaken:
            // Ours from an earlier attempt, or somebody else's: only the object itself can tell. If it is gone again,
            // the next attempt creates it.
            return isProvenAbsent ? .retry(notBefore: .zero) : .readRun
        }
    }

    /// Says why no run exists yet, then tries again later.
    private func hold(_ reason: Reason, _ message: String, _ spec: ExecutionSpec, notBefore: Duration = .zero) -> Step {
        report([held(reason, message)], otherwise: .backOff(notBefore: beforeStartDeadline(notBefore, spec)))
    }

    private func beforeStartDeadline(_ pause: Duration, _ spec: ExecutionSpec) -> Duration {
        timeToStartDeadline(spec).map { min(pause, max(.zero, $0)) } ?? pause
    }

    /// How long until the execution gives up if it still has no run; nil when it keeps trying.
    private func timeToStartDeadline(_ spec: ExecutionSpec) -> Duration? {
        guard !isReleasedAfterRestore else { return nil }
        // What the operator itself kept waiting is not the obstacle's fault.
        return spec.executionConfig.startDeadlineSeconds.map {
            .seconds($0) + facts.ownQueueing - facts.timeline.executionAge(at: instant)
        }
    }

    private var notServedMessage: String {
        """
        The API server does not serve \(engine.runType.plural).\(engine.runType.group) in version \
        \(engine.runType.version): install \(engine.title). The run is created as soon as it is there.
        """
    }
}
