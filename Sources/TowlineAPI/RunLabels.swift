/// The labels that the operator adds to runs, and those that users may add.
public struct RunLabels: Hashable, Sendable {
    /// Labels for every run.
    public var fixed: [MapEntry]
    /// The beginnings of the keys that users may set in `spec.runLabels`; empty if they may set none.
    public var allowedPrefixes: [String]
    /// The instance ID of the Argo controller that runs the workflows; nil if it has none.
    public var argoInstanceID: String?

    public init(fixed: [MapEntry] = [], allowedPrefixes: [String] = [], argoInstanceID: String? = nil) {
        self.fixed = fixed
        self.allowedPrefixes = allowedPrefixes
        self.argoInstanceID = argoInstanceID
    }

    /// The label by which an Argo controller with an instance ID finds its workflows.
    public static let instanceIDLabel = "workflows.argoproj.io/controller-instanceid"
    /// The label with the name of a LocalQueue of Kueue.
    public static let queueLabel = "kueue.x-k8s.io/queue-name"
    /// The label with the name of a WorkloadPriorityClass of Kueue.
    public static let priorityLabel = "kueue.x-k8s.io/priority-class"

    /// The labels of a new run, sorted by key: what the operator sets takes precedence over what the user sets.
    public func labels(for execution: WorkflowExecution) -> [MapEntry] {
        var labels: [String: String] = [:]
        let spec = execution.spec
        for label in spec?.runLabels ?? [] where allows(label.key) { labels[label.key] = label.value }
        labels[Self.queueLabel] = spec?.scheduling?.queueName ?? labels[Self.queueLabel]
        labels[Self.priorityLabel] = spec?.scheduling?.priorityClass ?? labels[Self.priorityLabel]
        for label in fixed { labels[label.key] = label.value }
        if execution.engineName == .argo, let argoInstanceID { labels[Self.instanceIDLabel] = argoInstanceID }
        labels[WellKnown.executionUIDLabel] = execution.uid
        return labels.map { MapEntry(key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }

    /// The labels of a spec that the operator does not allow.
    public func problems(of spec: ExecutionSpec) -> [ValidationProblem] {
        spec.runLabels.filter { !Self.isReserved($0.key) && !allows($0.key) }.map { label in
            let allowed =
                allowedPrefixes.isEmpty
                ? "this operator allows no labels"
                : "this operator allows only labels that start with \(allowedPrefixes.joined(separator: " or "))"
            return ValidationProblem(
                field: "spec.runLabels[\(label.key)]",
                message: "\(allowed) (--run-label-prefix). Remove the label and create the execution again")
        }
    }

    private func allows(_ key: String) -> Bool {
        !Self.isReserved(key) && allowedPrefixes.contains { key.hasPrefix($0) }
    }

    /// The prefixes of labels that the engines, Towline and GitOps tools use; with such a label on a run, a GitOps tool
    /// would treat the run as its own.
    public static let reservedPrefixes = [
        "towline.dev/", "tekton.dev/", "chains.tekton.dev/", "results.tekton.dev/", "workflows.argoproj.io/",
        "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/",
        "resourceset.fluxcd.controlplane.io/", "kapp.k14s.io/", "config.k8s.io/", "meta.helm.sh/",
        "app.kubernetes.io/instance", "app.kubernetes.io/managed-by",
    ]

    /// True for a label that no one may set on a run.
    public static func isReserved(_ key: String) -> Bool {
        reservedPrefixes.contains { key.hasPrefix($0) }
    }

    /// What a refusal of a reserved label says after its key.
    public static let reservedMessage =
        "is a label of an engine, of Towline or of a GitOps tool, which would treat the run as its own. Use another label"

    /// True for the key of a label with a domain, such as `example.com/team`.
    public static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let domain = parts.first, let name = parts.last else { return false }
        return domain.utf8.count <= SpecLimits.nameLength && Grammar.isObjectName(String(domain))
            && !name.isEmpty && isValue(String(name))
    }

    /// True for the beginning of such a key that includes the slash.
    public static func isPrefix(_ text: String) -> Bool {
        isKey(text) || isKey(text + "a")
    }

    /// True for the value of a label: at most 63 letters, digits, `-`, `_` and `.`, the first and last of them a letter
    /// or a digit.
    public static func isValue(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return true }
        return text.utf8.count <= 63 && Grammar.isAlphanumeric(first) && Grammar.isAlphanumeric(last)
            && text.utf8.allSatisfy { Grammar.isAlphanumeric($0) || [0x2D, 0x5F, 0x2E].contains($0) }
    }
}
