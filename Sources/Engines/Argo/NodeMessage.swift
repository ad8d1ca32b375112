import TowlineAPI

/// The parsed message of a failed Argo node.
///
/// The message is a sentence of Argo or the kubelet, or `main: OOMKilled (exit code 137)`; before v3.7 it lacks the
/// container. Output of the container may follow and is ignored.
struct NodeMessage {
    private(set) var container: String?
    private(set) var containerReason: ContainerReason?
    private(set) var exitCode: Int64?
    /// Whether the named container was still waiting when its pod failed.
    private(set) var wasNotStarted = false
    let text: String

    init(_ text: String) {
        self.text = text
        var scanner = TextScanner(text)
        if scanner.consume("Pod failed before "), let name = scanner.text(before: " container starts due to "),
            !name.contains(" ")
        {
            container = String(name)
            containerReason = ContainerReason(rawValue: String(scanner.rest.prefix { $0 != ":" }))
            wasNotStarted = true
            return
        }
        scanner = TextScanner(text)
        guard let head = scanner.text(before: " (exit code "), let code = scanner.integer(), scanner.consume(")")
        else { return }
        var parts = TextScanner(head)
        let name = parts.text(before: ": ")
        // A reason has no space; with one, the text is a sentence that contains these characters by chance.
        guard !parts.rest.contains(" "), name?.contains(" ") != true else { return }
        container = name.map { String($0) }
        containerReason = ContainerReason(rawValue: String(parts.rest))
        exitCode = code
    }

    /// Whether the message is about an exceeded deadline of the step or the workflow.
    ///
    /// Argo writes `timeout` for a step that was pending for longer than its template allows.
    var isDeadline: Bool {
        text == PodMessage.deadline || text == "Step exceeded its deadline" || text == "timeout"
    }

    /// Whether the step was not retried because the workflow's deadline had passed.
    var isRetryPreventedByDeadline: Bool { text.hasPrefix("retry exceeded workflow deadline ") }

    /// Whether a shutdown prevented the pod's creation; about a deleted pod, Argo writes two spaces after the colon.
    var wasNeverCreated: Bool {
        Shutdown.allCases.contains { text == "workflow shutdown with strategy: \($0.rawValue)" }
    }

    /// Whether a shutdown caused this failure: the node was not started, its pod was deleted, or its container exited
    /// with the code of a signal.
    ///
    /// A container that handles the signal and exits with another code looks like one that failed on its own.
    func isCausedByShutdown(exitCode: Int64?) -> Bool {
        if text.hasPrefix("workflow shutdown with strategy: ") || text.hasPrefix("Stopped with strategy '") {
            return true
        }
        if text == "pod deleted" { return true }
        guard let code = exitCode ?? self.exitCode else { return false }
        return (code == 137 || code == 143) && (containerReason == nil || containerReason == .error)
    }

    /// Whether a step of the failed node had started; nil if the message does not say.
    ///
    /// - Parameter exitCode: The exit code of the container `main` in the node's outputs.
    func hasStarted(exitCode: Int64?) -> Bool? {
        if wasNeverCreated || PodMessage.provesNothingStarted(text) { return false }
        let isMain = container == nil || container == "main"
        if wasNotStarted { return isMain || container == "init" ? false : nil }
        switch container {
        // Argo's init container, which runs before the step.
        case "init": return false
        // If Argo's sidecar fails, the step's container exits with 65 if it has not started the command.
        case "wait", "supervisor": return exitCode.map { $0 != 65 }
        default: break
        }
        if containerReason == .startError || containerReason == .cannotRun || containerReason == .runError {
            return isMain ? false : exitCode.map { _ in true }
        }
        if self.exitCode != nil || exitCode != nil { return true }
        // Argo writes both about pods that it has seen running.
        return text == "pod deleted" || text == "pod failed: wait container did not complete successfully" ? true : nil
    }

    /// The reason for the task's failure.
    var failureReason: Reason {
        if isDeadline { return .taskTimeout }
        // Argo reserves these names for its init container and sidecar.
        if let exitCode, exitCode != 0, containerReason != .outOfMemory {
            if container == "init" { return .initContainerFailed }
            if container == "wait" || container == "supervisor" { return .sidecarFailed }
        }
        if let containerReason { return containerReason.failureReason }
        if let reason = PodMessage.failureReason(text) { return reason }
        return exitCode == nil ? .taskFailed : .stepFailed
    }
}
