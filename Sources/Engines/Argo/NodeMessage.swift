import WorkflowAPI

/// What Argo's controller writes about a node that failed, taken apart.
///
/// Either a sentence of its own or the kubelet's, or `main: OOMKilled (exit code 137)`, before v3.7 without the
/// container. What the container itself said may follow, and never decides.
struct NodeMessage {
    private(set) var container: String?
    private(set) var word: ContainerWord?
    private(set) var exitCode: Int64?
    let text: String

    init(_ text: String) {
        self.text = text
        var scanner = TextScanner(text)
        if scanner.consume("Pod failed before "), let name = scanner.text(before: " container starts due to "),
            !name.contains(" ")
        {
            container = String(name)
            word = ContainerWord(rawValue: String(scanner.rest.prefix { $0 != ":" }))
            return
        }
        scanner = TextScanner(text)
        guard let head = scanner.text(before: " (exit code "), let code = scanner.number(), scanner.consume(")")
        else { return }
        var parts = TextScanner(head)
        let name = parts.text(before: ": ")
        // A word has no blank in it; with one the head is a sentence in which these characters stand by chance.
        guard !parts.rest.contains(" "), name?.contains(" ") != true else { return }
        container = name.map { String($0) }
        word = ContainerWord(rawValue: String(parts.rest))
        exitCode = Int64(code)
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

    /// What the message says about the task.
    var meaning: Reason {
        if isDeadline { return .taskTimeout }
        // Argo's own containers, whose names no template can take: before the step, and beside it.
        if let exitCode, exitCode != 0, word != .outOfMemory {
            if container == "init" { return .initContainerFailed }
            if container == "wait" || container == "supervisor" { return .sidecarFailed }
        }
        if let word { return word.meaning }
        if PodMessage.saysEvicted(text) { return .podEvicted }
        return exitCode == nil ? .taskFailed : .stepFailed
    }
}
