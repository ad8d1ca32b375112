public import KubeClient

/// How long an execution and its run are kept after the end: what the user wrote, and what on the object forbids it.
///
/// Sixteen bytes, because a store holds one for each finished execution, long after its spec was dropped.
public struct Retention: Hashable, Sendable {
    /// Seconds from the end of the execution to the deletion of its run; nil for never.
    public var runSeconds: UInt32?
    /// Seconds from the end of the execution to its own deletion; nil for never.
    public var executionSeconds: UInt32?
    /// By which mark a GitOps tool knows the execution as its own; nil for no such tool.
    public var management: ManagementMark?
    /// True when ``WellKnown/keepAnnotation`` keeps the execution, and with it its run.
    public var isKept: Bool

    public init(
        runSeconds: UInt32? = nil, executionSeconds: UInt32? = nil, management: ManagementMark? = nil,
        isKept: Bool = false
    ) {
        self.runSeconds = runSeconds
        self.executionSeconds = executionSeconds
        self.management = management
        self.isKept = isKept
    }

    /// What `config` and the metadata of an execution say; a time out of bounds means that nothing is deleted.
    public init(_ config: ExecutionConfig, _ metadata: ObjectMetadata) {
        func bounded(_ seconds: Int64?) -> UInt32? {
            seconds.flatMap { (0...SpecLimits.ttlSeconds).contains($0) ? UInt32(exactly: $0) : nil }
        }
        self.init(
            runSeconds: bounded(config.runTTLSecondsAfterFinished),
            executionSeconds: bounded(config.ttlSecondsAfterFinished), management: ManagementMark(metadata),
            isKept: Self.isKept(metadata))
    }

    /// True when the annotation that keeps an object is on it: with any value but `false`.
    public static func isKept(_ metadata: ObjectMetadata) -> Bool {
        metadata.annotation(WellKnown.keepAnnotation).map { $0 != "false" } ?? false
    }

    /// The annotations that ``init(_:_:)`` wants to see.
    static let annotations = [WellKnown.keepAnnotation] + ManagementMark.annotations
}

/// The mark by which a GitOps tool knows an object as its own; a deleted object it would create again.
///
/// Where a mark is somebody else's, an object stays too long; where one is not known here, it runs again and again.
public enum ManagementMark: String, CaseIterable, Hashable, Sendable {
    /// The annotation of Argo CD. A hook has it too, and runs again only with the next sync.
    case argoTracking = "argocd.argoproj.io/tracking-id"
    /// The label that Argo CD is mostly told to use where it tracks by label.
    case argoInstance = "argocd.argoproj.io/instance"
    /// The label of a Kustomization of Flux.
    case fluxKustomization = "kustomize.toolkit.fluxcd.io/name"
    /// The label of a HelmRelease of Flux.
    case fluxHelmRelease = "helm.toolkit.fluxcd.io/name"
    /// The label of a ResourceSet of the Flux operator.
    case fluxResourceSet = "resourceset.fluxcd.controlplane.io/name"
    /// The annotation of Helm.
    case helmRelease = "meta.helm.sh/release-name"
    /// The annotation of Config Sync and of kpt.
    case inventory = "config.k8s.io/owning-inventory"
    /// The label of kapp, and of its controller.
    case kapp = "kapp.k14s.io/app"
    /// The label by which Argo CD tracks where it is not told otherwise, until 3.0; others write it, too.
    case instance = "app.kubernetes.io/instance"

    /// The mark on an object; nil where no tool would create it again.
    init?(_ metadata: ObjectMetadata) {
        let found = Self.allCases.first { mark in
            guard metadata.annotation(mark.rawValue) ?? metadata.label(mark.rawValue) != nil else { return false }
            return !mark.exempts(metadata)
        }
        guard let found else { return nil }
        self = found
    }

    /// The tool whose mark it is, for people.
    public var tool: String {
        switch self {
        case .argoTracking, .argoInstance: "Argo CD"
        case .fluxKustomization, .fluxHelmRelease, .fluxResourceSet: "Flux"
        case .helmRelease: "Helm"
        case .inventory: "Config Sync or kpt"
        case .kapp: "kapp"
        case .instance: "Argo CD, or another tool,"
        }
    }

    /// The annotations by which a mark is found.
    static let annotations = allCases.map(\.rawValue) + [argoHook, helmHook]

    private static let argoHook = "argocd.argoproj.io/hook"
    private static let helmHook = "helm.sh/hook"

    /// True for hooks of the mark's tool: they run again with the next sync or release, and not before.
    private func exempts(_ metadata: ObjectMetadata) -> Bool {
        switch self {
        case .argoTracking, .argoInstance, .instance: Self.isArgoHook(metadata)
        case .fluxHelmRelease, .helmRelease: metadata.annotation(Self.helmHook) != nil
        case .fluxKustomization, .fluxResourceSet, .inventory, .kapp: false
        }
    }

    /// Argo CD takes Helm's hooks for its own, but for `crd-install`; its own annotation decides where there is one.
    private static func isArgoHook(_ metadata: ObjectMetadata) -> Bool {
        if let own = metadata.annotation(argoHook) { return own != "Skip" }
        return metadata.annotation(helmHook).map { $0 != "crd-install" } ?? false
    }
}
