/// What a tool that waits for an execution has to think of it.
enum Verdict: Sendable {
    /// No operator has looked at it, or not at its newest spec.
    case unseen
    case underWay
    /// Under way, and it waits for a person.
    case held
    case success
    case failure
    /// It has ended, and no operator has looked at what changed since: Argo CD's health is for the end, kstatus waits.
    case endedUnseen(isSuccess: Bool)

    /// The health that Argo CD has to show.
    var health: String {
        switch self {
        case .unseen, .underWay: "Progressing"
        case .held: "Suspended"
        case .success, .endedUnseen(isSuccess: true): "Healthy"
        case .failure, .endedUnseen(isSuccess: false): "Degraded"
        }
    }

    /// What kstatus has to make of it.
    var kstatus: KStatus {
        switch self {
        case .unseen, .underWay, .held, .endedUnseen: .inProgress
        case .success: .current
        case .failure: .failed
        }
    }
}
