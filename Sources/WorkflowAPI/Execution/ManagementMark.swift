import KubeClient

/// The mark by which a GitOps tool knows an object as its own; a deleted object it would create again.
public enum ManagementMark: String, CaseIterable, Hashable, Sendable {
    /// The annotation of Argo CD. A hook has it too, and runs again only with the next sync.
    case argoTracking = "argocd.argoproj.io/tracking-id"
    /// The label that Argo CD is mostly told to use where it tracks by label.
    case argoInstance = "argocd.argoproj.io/instance"
    /// The label of a Kustomization of Flux.
    case fluxKustomization = "kustomize.toolkit.fluxcd.io/name"
    /// The label of a HelmRelease of Flux.
    case fluxHelmRelease = "helm.toolkit.fluxcd.io/name"
    /// The annotation of Helm.
    case helmRelease = "meta.helm.sh/release-name"

    /// The mark on an object; nil where no tool would create it again.
    init?(_ metadata: ObjectMetadata) {
        let found = Self.allCases.first { mark in
            guard metadata.annotation(mark.rawValue) ?? metadata.label(mark.rawValue) != nil else { return false }
            return !(mark.isOfArgo && Self.isArgoHook(metadata))
        }
        guard let found else { return nil }
        self = found
    }

    /// The tool whose mark it is, for people.
    public var tool: String {
        switch self {
        case .argoTracking, .argoInstance: "Argo CD"
        case .fluxKustomization, .fluxHelmRelease: "Flux"
        case .helmRelease: "Helm"
        }
    }

    /// The annotations by which a mark is found.
    static let annotations = allCases.map(\.rawValue) + hooks

    private var isOfArgo: Bool { self == .argoTracking || self == .argoInstance }

    /// The annotations that make an object a hook of Argo CD, which takes Helm's for its own.
    private static let hooks = ["argocd.argoproj.io/hook", "helm.sh/hook"]

    /// A hook named `Skip` is none.
    private static func isArgoHook(_ metadata: ObjectMetadata) -> Bool {
        hooks.contains { key in metadata.annotation(key).map { $0 != "Skip" } ?? false }
    }
}
