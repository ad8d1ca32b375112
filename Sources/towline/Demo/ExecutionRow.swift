import KubeClient

/// What the demo shows of one execution.
struct ExecutionRow: Equatable {
    static let header = ["NAMESPACE", "NAME", "ENGINE", "PHASE", "OUTCOME", "REASON", "PROGRESS"]

    let namespace: String
    let name: String
    let engine: String
    let phase: String
    let outcome: String
    let reason: String
    let progress: String
    let message: String

    init(_ execution: JSONValue) {
        func metadata(_ field: String) -> String { execution[path: ["metadata", field]]?.stringValue ?? "" }
        func status(_ field: String) -> String { execution[path: ["status", field]]?.stringValue ?? "" }
        namespace = metadata("namespace")
        name = metadata("name")
        engine = status("engine")
        phase = status("phase")
        outcome = status("outcome")
        reason = status("reason")
        progress = status("progress")
        message = status("message")
    }

    var cells: [String] { [namespace, name, engine, phase, outcome, reason, progress] }

    var isFinished: Bool { !outcome.isEmpty }
}
