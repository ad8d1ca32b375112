import Engines
import KubeClient
import TowlineAPI

/// The next thing to do for an execution.
enum Step: Sendable {
    /// Nothing, until something changes or the time has passed.
    case rest(after: Duration?)
    /// Nothing until the clock on the wall shows this time: then something has outlived its time.
    case wait(until: ServerTime)
    /// Nothing now: something failed that may work later, and not before this time.
    case retry(notBefore: Duration)
    /// Nothing now: something outside is waited for, without a sign when it is there. Not before this time.
    case backOff(notBefore: Duration)
    /// Nothing now: the operator has other work first. Not later than this, and earlier when something changes.
    case postpone(atMost: Duration)
    /// Ask the API server itself for the run.
    case readRun
    /// Create the run from this manifest.
    case createRun(manifest: [UInt8])
    /// Read the run's children: why it failed, or what it waits for.
    case readDetail(EngineRun, [ChildListing])
    /// Send the run this merge patch, which asks it to end.
    case stopRun(EngineRun, patch: [UInt8])
    /// Ask the API server itself for the execution.
    case readExecution
    /// Delete the run, in exactly this version.
    case deleteRun(EngineRun)
    /// Delete the execution, in exactly the version that was decided upon.
    case deleteExecution
    /// Store this status.
    case write(ExecutionStatus)

    /// True for a step that does nothing until something changes or a time has come.
    var isPause: Bool {
        switch self {
        case .rest, .wait: true
        default: false
        }
    }

    /// What logs call the step.
    var name: String {
        switch self {
        case .rest: "rest"
        case .wait: "wait"
        case .retry: "retry"
        case .backOff: "backOff"
        case .postpone: "postpone"
        case .readRun: "readRun"
        case .createRun: "createRun"
        case .readDetail: "readDetail"
        case .stopRun: "stopRun"
        case .readExecution: "readExecution"
        case .deleteRun: "deleteRun"
        case .deleteExecution: "deleteExecution"
        case .write: "write"
        }
    }
}
