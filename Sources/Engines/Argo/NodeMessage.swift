import TowlineAPI

/// What Argo's controller writes about a node that failed, taken apart.
///
/// Either a sentence of its own or the kubelet's, or `main: OOMKilled (exit code 137)`, before v3.7 without the
/// container. What the container itself said may follow, and never decides.
struct NodeMessage {
    private(set) var container: String?
    private(set) var word: ContainerReason?
    private(set) var exitCode: Int64?
    /// True where the named container was still waiting when its pod failed.
    private(set) var wasNotStarted = false
    let text: String

    init(_ text: String) {
        self.text = text
        var scanner = TextScanner(text)
        if scanner.consume("Pod failed before "), let name = scanner.text(before: " container starts due to "),
            !name.contains(" ")
        {
            container = String(name)
            word = ContainerReason(rawValue: String(scanner.rest.prefix { $0 != ":" }))
            wasNotStarted = true
            return
        }
        scanner = TextScanner(text)
        guard let head = scanner.text(before: " (exit code "), let code = scanner.integer(), scanner.consume(")")
        else { return }
        var parts = TextScanner(head)
        let name = parts.text(before: ": ")
        // A word has no blank in it; with one the head is a sentence in which these characters stand by chance.
        guard !parts.rest.contains(" "), name?.contains(" ") != true else { return }
        container = name.map { String($0) }
        word = ContainerReason(rawValue: String(parts.rest))
        exitCode = code
    }

    /// True for the whole sentences of a passed time limit, the step's own or the workflow's.
    ///
    /// The bare word is what Argo writes where a step was pending for longer than its template allows.
    var isDeadline: Bool {
        text == PodMessage.deadline || text == "Step exceeded its deadline" || text == "timeout"
    }

    /// True for a step that was not tried again because the workflow's deadline had passed.
    var isLastTryBeforeDeadline: Bool { text.hasPrefix("retry exceeded workflow deadline ") }

    /// True for a pod that a shutdown kept from being created; of one that was deleted Argo writes two blanks.
    var saysNeverCreated: Bool {
        Shutdown.allCases.contains { text == "workflow shutdown with strategy: \($0.rawValue)" }
    }

    /// True for what a shutdown of the workflow leads to, as opposed to a failure of its own: a node that was not
    /// started, one whose pod was deleted, and a container that ended with the code of the signal it got.
    ///
    /// A container that catches the signal and ends with another code cannot be told from one that failed by itself.
    func isOfShutdown(exitCode: Int64?) -> Bool {
        if text.hasPrefix("workflow shutdown with strategy: ") || text.hasPrefix("Stopped with strategy '") {
            return true
        }
        if text == "pod deleted" { return true }
        guard let code = exitCode ?? self.exitCode else { return false }
        return (code == 137 || code == 143) && (word == nil || word == .error)
    }

    /// Whether a step of the node had started, where the node failed; nil where the message does not tell.
    ///
    /// - Parameter exitCode: the exit code of the container `main`, as the node's outputs have it.
    func hasStarted(exitCode: Int64?) -> Bool? {
        if saysNeverCreated || PodMessage.saysNothingStarted(text) { return false }
        let isMain = container == nil || container == "main"
        if wasNotStarted { return isMain || container == "init" ? false : nil }
        switch container {
        // Argo's own container before the step.
        case "init": return false
        // Of one beside the step, the step's container ends with 65 when it was kept from starting the command.
        case "wait", "supervisor": return exitCode.map { $0 != 65 }
        default: break
        }
        if word == .startError || word == .cannotRun || word == .runError {
            return isMain ? false : exitCode.map { _ in true }
        }
        if self.exitCode != nil || exitCode != nil { return true }
        // Both are said of pods that were seen running.
        return text == "pod deleted" || text == "pod failed: wait container did not complete successfully" ? true : nil
    }

    /// What the message says about the task.
    var meaning: Reason {
        if isDeadline { return .taskTimeout }
        // Argo's own containers, whose names no template can take: before the step, and beside it.
        if let exitCode, exitCode != 0, word != .outOfMemory {
            if container == "init" { return .initContainerFailed }
            if container == "wait" || container == "supervisor" { return .sidecarFailed }
        }
        if let word { return word.meaning }
        if let reason = PodMessage.meaning(text) { return reason }
        return exitCode == nil ? .taskFailed : .stepFailed
    }
}
