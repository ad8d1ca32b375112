public import KubeClient
public import TowlineAPI

/// The fields that the status of every kind has, and what ``StatusUpdate`` needs to know about a kind.
///
/// A kind adds its own fields, and events that change them. The rules of the shared fields (docs/contract.md, section
/// 1) are applied only by ``StatusUpdate``, so they hold for every kind.
public protocol KindStatus: Hashable, Sendable {
    associatedtype Phase: StatusPhase
    /// The condition types that Towline writes for this kind; conditions of other types belong to other writers.
    associatedtype ConditionType: RawRepresentable<String>, Hashable, Sendable

    /// The `metadata.generation` that this status was made for; -1 before the first update.
    var observedGeneration: Int64 { get set }
    var phase: Phase { get set }
    var message: String? { get set }
    var startedAt: ServerTime? { get set }
    var finishedAt: ServerTime? { get set }
    /// The time from `startedAt` to `finishedAt` in Go's notation, such as `1m32s`.
    var duration: String? { get set }
    var updatedAt: ServerTime? { get set }
    var conditions: [Condition] { get set }

    /// Every type that ``derivedConditions`` may return.
    static var derivedConditionTypes: Set<ConditionType> { get }
    /// The conditions that follow from the other fields; a derived type that is not returned must be absent.
    var derivedConditions: [(type: ConditionType, status: ConditionStatus)] { get }
    /// The reason of the derived conditions; nil if this version does not know the stored one.
    var derivedReason: String? { get }

    /// Writes the kind's own fields that differ from `old` as members of a merge patch.
    func writeChanges(since old: Self, to writer: inout JSONWriter)
}

/// The phases of one kind.
public protocol StatusPhase: RawRepresentable<String>, Hashable, Sendable {
    /// True if `startedAt` must be set in this phase.
    var requiresStart: Bool { get }
    /// True if the phase is final; `finishedAt` is set in such a phase and only there.
    var isTerminal: Bool { get }
    /// True if `next` may follow; only the same phase may follow a terminal one.
    func mayBecome(_ next: Self) -> Bool
}

// MARK: Kinds that run once

extension Phase: StatusPhase {
    public var requiresStart: Bool { self == .running || self == .completed }

    /// The conditions of a kind that runs once, as `kubectl wait`, Argo CD, Flux and kstatus read them.
    package var runConditions: [(type: ConditionType, status: ConditionStatus)] {
        switch self {
        case .pending, .running:
            [(.succeeded, .unknown), (.finished, .false), (.ready, .false), (.reconciling, .true)]
        case .completed: [(.succeeded, .true), (.finished, .true), (.ready, .true)]
        case .failed: [(.succeeded, .false), (.finished, .true), (.ready, .false), (.stalled, .true)]
        }
    }
}
