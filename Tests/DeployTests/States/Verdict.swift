/// What a tool that waits for an execution has to think of it.
enum Verdict: Sendable {
    /// No operator has looked at it, or not at its newest spec.
    case unseen
    case underWay
    /// Under way, and it waits for a person.
    case held
    case success
    case failure

    /// The health that Argo CD has to show.
    var health: String {
        switch self {
        case .unseen, .underWay: "Progressing"
        case .held: "Suspended"
        case .success: "Healthy"
        case .failure: "Degraded"
        }
    }

    /// What kstatus has to make of it.
    var kstatus: KStatus {
        switch self {
        case .unseen, .underWay, .held: .inProgress
        case .success: .current
        case .failure: .failed
        }
    }
}
