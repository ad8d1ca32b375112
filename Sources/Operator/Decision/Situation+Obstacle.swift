import Engines
import KubeClient
import TowlineAPI

/// Why something is still there although its time is over.
struct Obstacle: Hashable, Sendable {
    let reason: ConditionReason
    let message: String
}

extension Situation {
    /// What keeps the execution or its run beyond its time; nil when nothing does.
    func obstacle(_ expiry: Expiry) -> Obstacle? {
        if let refusal = facts.deletionRefusal {
            return Obstacle(reason: .general(refusal.reason), message: refusal.message)
        }
        if execution.retention.isKept {
            return Obstacle(
                reason: .retention(.keptByAnnotation),
                message: "The annotation \(WellKnown.keepAnnotation) keeps the execution and its run.")
        }
        let isExecutionDue = expiry.isExecutionDue(at: now)
        if isExecutionDue, let mark = execution.retention.management {
            return Obstacle(
                reason: .retention(.managedByGitOps),
                message: """
                    \(mark.rawValue) says that \(mark.tool) manages the execution: if it were deleted, it would be \
                    created again, and run again. Delete it there, or leave out ttlSecondsAfterFinished.
                    """)
        }
        switch facts.run {
        case .present(let run) where isOwned(run): return obstacle(of: run)
        case .present(let run) where isOurs(run) && expiry.isRunDue(at: now):
            return Obstacle(
                reason: .retention(.runNotOwned),
                message: """
                    \(engine.runType.kind) \(run.key.name) no longer has the execution as its owner: it is left alone.
                    """)
        case .engineMissing where isExecutionDue && execution.mayHaveRun:
            return Obstacle(
                reason: .general(.engineUnavailable),
                message: """
                    The API server no longer serves \(engine.runType.plural).\(engine.runType.group): whether the run \
                    is to be kept cannot be told until \(engine.title) is back.
                    """)
        case .engineNotFollowed where isExecutionDue && execution.mayHaveRun:
            return Obstacle(
                reason: .general(.engineUnavailable),
                message: """
                    This operator is told not to serve \(engine.title) (--engine): whether the run is to be kept cannot \
                    be told until one does.
                    """)
        default: return nil
        }
    }

    /// What speaks against deleting the run, be it alone or with its execution.
    func obstacle(of run: EngineRun) -> Obstacle? {
        let object = "\(engine.runType.kind) \(run.key.name)"
        if run.isKept {
            return Obstacle(
                reason: .retention(.keptByAnnotation),
                message: "The annotation \(WellKnown.keepAnnotation) keeps \(object), and so the execution.")
        }
        if !run.state.isFinished {
            return Obstacle(
                reason: .retention(.runGoesOn),
                message: "\(object) goes on: it is kept until it has ended, and so is the execution.")
        }
        guard run.isToBeArchived else { return nil }
        return Obstacle(
            reason: .retention(.runToBeArchived),
            message: "\(engine.title) has yet to archive \(object): it is kept until then, and so is the execution.")
    }
}
