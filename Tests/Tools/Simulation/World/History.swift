import KubeClient
import KubeRuntime

/// The events of a simulation: always as a fingerprint, and as text only on request.
///
/// Confined to the thread of one simulation.
final class History: @unchecked Sendable {
    private let time: VirtualTime
    private let start: ContinuousClock.Instant
    private let isRecording: Bool
    private(set) var lines: [String] = []
    /// A hash (FNV-1a) over all writes to the server, which is equal for all simulations of a seed.
    private(set) var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325

    init(time: VirtualTime, isRecording: Bool) {
        self.time = time
        self.isRecording = isRecording
        start = time.now
    }

    func log(_ text: @autoclosure () -> String) {
        guard isRecording else { return }
        let elapsed = start.duration(to: time.now)
        let milliseconds = elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000
        lines.append("\(Double(milliseconds) / 1000) \(text())")
    }

    func log(_ change: Change) {
        for byte in change.encoded {
            fingerprint = (fingerprint ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        log(
            "    \(change.writer) \(change.verb.rawValue) \(change.kind) \(change.key) @\(change.revision) \(Self.summary(change))"
        )
    }

    private static func summary(_ change: Change) -> String {
        let status = change.object["status"]
        switch change.kind {
        case .executions:
            let words = ["phase", "outcome", "reason", "progress", "finishedAt"].compactMap { status?[$0]?.stringValue }
            let times = change.object["spec"]?["executionConfig"].map { String(decoding: $0.encoded, as: UTF8.self) }
            return (words + [times ?? ""]).joined(separator: " ")
        case .pipelineRuns:
            let condition = status?["conditions"]?[0]
            let words = [change.object["spec"]?["status"], condition?["status"], condition?["reason"]]
            return words.compactMap { $0?.stringValue }.joined(separator: " ")
        case .workflows:
            let words = [change.object["spec"]?["shutdown"], status?["phase"]]
            return words.compactMap { $0?.stringValue }.joined(separator: " ")
        case .leases: return change.object["spec"]?["holderIdentity"]?.stringValue ?? ""
        case .environments:
            let states = EnvironmentView(object: change.object).states.map { state in
                "\(state.name)=\(state.state)" + (state.attempt > 0 ? "#\(state.attempt)" : "")
            }
            let words = ["phase", "reason", "message", "expiresAt"].compactMap { status?[$0]?.stringValue }
            let notes = change.object["metadata"]?["annotations"].map { String(decoding: $0.encoded, as: UTF8.self) }
            return (words + states + [notes ?? ""]).joined(separator: " ")
        case .taskRuns, .customRuns, .events, .lifecycles, .definitions: return ""
        }
    }
}
