import Engines
import KubeClient
import Status
import TowlineAPI

/// An engine that cannot be asked: of what runs nothing is known, and nothing new is started.
extension Situation {
    /// The engine's API vanished under a running run: nothing is known, so nothing is changed but a condition.
    func frozenStep() -> Step {
        let message = """
            The API server no longer serves \(engine.runType.plural).\(engine.runType.group): \
            what the run does cannot be told until \(engine.title) is back.
            """
        return report([unavailability(message)], otherwise: .backOff(notBefore: timing.engineProbe))
    }

    /// The engine is none of this operator's: another configuration, and a start with it, changes that.
    ///
    /// Neither a deadline nor a request to end is acted upon: whether there is a run may not be asked.
    func leftAloneStep() -> Step {
        guard execution.status.runRef == nil else {
            return report([
                unavailability(
                    """
                    This operator is told not to serve \(engine.title) (--engine): what the run does cannot be told \
                    until one does.
                    """)
            ])
        }
        return report([
            held(
                .engineUnavailable,
                """
                This operator is told not to serve \(engine.title) (--engine). The run is created as soon as one does.
                """)
        ])
    }

    private func unavailability(_ message: String) -> ExecutionEvent {
        .conditionSet(.engineUnavailable, .true, reason: .general(.engineUnavailable), message: message)
    }
}
