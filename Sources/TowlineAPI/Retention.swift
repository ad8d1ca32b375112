public import KubeClient

/// How long an execution and its run are kept after the end: the TTLs, and the metadata that prevents its deletion.
///
/// It has 16 bytes because a store holds one for each finished execution, after dropping the spec.
public struct Retention: Hashable, Sendable {
    /// Seconds from the end of the execution to the deletion of its run; nil for never.
    public var runSeconds: UInt32?
    /// Seconds from the end of the execution to its own deletion; nil for never.
    public var executionSeconds: UInt32?
    /// The mark by which a GitOps tool manages the execution; nil if none does.
    public var management: ManagementMark?
    /// True if ``WellKnown/keepAnnotation`` keeps the execution and its run.
    public var isKept: Bool
    /// True if the run is kept after its TTL until an archive has it.
    public var awaitsArchive: Bool

    public init(
        runSeconds: UInt32? = nil, executionSeconds: UInt32? = nil, management: ManagementMark? = nil,
        isKept: Bool = false, awaitsArchive: Bool = false
    ) {
        self.runSeconds = runSeconds
        self.executionSeconds = executionSeconds
        self.management = management
        self.isKept = isKept
        self.awaitsArchive = awaitsArchive
    }

    /// Reads the configuration and the metadata of an execution; a TTL that is out of bounds is ignored, so nothing is
    /// deleted.
    public init(_ config: ExecutionConfig, _ metadata: ObjectMetadata) {
        func bounded(_ seconds: Int64?) -> UInt32? {
            seconds.flatMap { (0...SpecLimits.ttlSeconds).contains($0) ? UInt32(exactly: $0) : nil }
        }
        self.init(
            runSeconds: bounded(config.runTTLSecondsAfterFinished),
            executionSeconds: bounded(config.ttlSecondsAfterFinished), management: ManagementMark(metadata),
            isKept: Self.isKept(metadata), awaitsArchive: config.keepRunUntilArchived ?? false)
    }

    /// True if an object has the annotation ``WellKnown/keepAnnotation`` with any value except `false`.
    public static func isKept(_ metadata: ObjectMetadata) -> Bool {
        metadata.annotation(WellKnown.keepAnnotation).map { $0 != "false" } ?? false
    }

    /// The annotations that ``init(_:_:)`` reads.
    static let annotations = [WellKnown.keepAnnotation] + ManagementMark.annotations
}

/// The label or annotation by which a GitOps tool manages an object and would create it again after a deletion.
///
/// If a mark is missing here, the tool recreates the deleted execution and it runs again. If another tool uses a mark
/// for its own purposes, the execution is only kept too long.
public enum ManagementMark: String, CaseIterable, Hashable, Sendable {
    /// Argo CD's annotation. A hook has it too, but only runs again with the next sync.
    case argoTracking = "argocd.argoproj.io/tracking-id"
    /// The usual label if Argo CD tracks by label.
    case argoInstance = "argocd.argoproj.io/instance"
    /// The label of a Flux Kustomization.
    case fluxKustomization = "kustomize.toolkit.fluxcd.io/name"
    /// The label of a Flux HelmRelease.
    case fluxHelmRelease = "helm.toolkit.fluxcd.io/name"
    /// The label of a ResourceSet of the Flux Operator.
    case fluxResourceSet = "resourceset.fluxcd.controlplane.io/name"
    /// Helm's annotation.
    case helmRelease = "meta.helm.sh/release-name"
    /// The annotation of Config Sync and kpt.
    case inventory = "config.k8s.io/owning-inventory"
    /// The label of kapp and kapp-controller.
    case kapp = "kapp.k14s.io/app"
    /// The label by which Argo CD before 3.0 tracks by default; other tools write it too.
    case instance = "app.kubernetes.io/instance"

    /// The mark on an object; nil if no tool would create it again.
    init?(_ metadata: ObjectMetadata) {
        let found = Self.allCases.first { mark in
            guard metadata.annotation(mark.rawValue) ?? metadata.label(mark.rawValue) != nil else { return false }
            return !mark.exempts(metadata)
        }
        guard let found else { return nil }
        self = found
    }

    /// The name of the tool for messages.
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

    /// The annotations that ``init(_:)`` reads.
    static let annotations = allCases.map(\.rawValue) + [argoHook, helmHook]

    private static let argoHook = "argocd.argoproj.io/hook"
    private static let helmHook = "helm.sh/hook"

    /// True for hooks of the mark's tool, which only run again with the next sync or release.
    private func exempts(_ metadata: ObjectMetadata) -> Bool {
        switch self {
        case .argoTracking, .argoInstance, .instance: Self.isArgoHook(metadata)
        case .fluxHelmRelease, .helmRelease: metadata.annotation(Self.helmHook) != nil
        case .fluxKustomization, .fluxResourceSet, .inventory, .kapp: false
        }
    }

    /// Argo CD treats Helm's hooks as its own, except `crd-install`; its own annotation takes precedence.
    private static func isArgoHook(_ metadata: ObjectMetadata) -> Bool {
        if let own = metadata.annotation(argoHook) { return own != "Skip" }
        return metadata.annotation(helmHook).map { $0 != "crd-install" } ?? false
    }
}
