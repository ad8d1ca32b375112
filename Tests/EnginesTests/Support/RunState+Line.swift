import TowlineAPI

@testable import Engines

extension RunState {
    /// The whole state in one line, for tables of expected ones:
    /// `Reason executed progress engineReason "message" [task/step exitCode reason] name=value…`.
    var line: String {
        var parts = [reason.rawValue]
        parts.append(executed.map { $0 ? "executed" : "idle" } ?? "unknown")
        parts.append(progress?.description ?? "-")
        parts.append(engineReason.isEmpty ? "-" : engineReason)
        parts.append("\"\(message)\"")
        if let failure {
            let place = [failure.task, failure.step].map { $0 ?? "-" }.joined(separator: "/")
            parts.append("[\(place) \(failure.exitCode.map(String.init) ?? "-") \(failure.reason ?? "-")]")
        }
        parts += outputs.map { "\($0.name)=\($0.value)" }
        return parts.joined(separator: " ")
    }
}
