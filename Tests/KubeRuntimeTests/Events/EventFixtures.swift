import KubeClient

@testable import KubeRuntime

/// Events as a controller records them.
enum EventFixtures {
    static let source = EventSource(controller: "example.com/operator", instance: "pod-1", fieldManager: "operator")
    /// 2026-01-01T00:00:00Z
    static let date = Timestamp(seconds: 1_767_225_600)

    static func event(
        _ reason: String = "RunCreated", note: String = "Created it.", object: String = "one", related: String? = nil,
        namespace: String = "ns"
    ) -> ObjectEvent {
        ObjectEvent(
            .normal, reason: reason, action: "Create", note: note, regarding: reference("Thing", object, namespace),
            related: related.map { reference("Run", $0) })
    }

    static func reference(_ kind: String, _ name: String, _ namespace: String = "ns") -> ObjectReference {
        ObjectReference(
            apiVersion: "example.com/v1", kind: kind, key: ObjectKey(namespace: namespace, name: name),
            uid: "uid-\(name)",
            resourceVersion: ResourceVersion("7"))
    }
}

/// A journal with a clock, and the steps it returns.
struct JournalRehearsal {
    var journal: EventJournal
    private(set) var now = ContinuousClock.now
    private(set) var date = EventFixtures.date

    init(_ edit: (inout EventLimits) -> Void = { _ in }) {
        var limits = EventLimits()
        edit(&limits)
        journal = EventJournal(limits: limits)
    }

    mutating func pass(_ duration: Duration) {
        now = now.advanced(by: duration)
        date = date + duration
    }

    @discardableResult
    mutating func record(_ event: ObjectEvent) -> EventJournal.Acceptance {
        journal.record(event, at: date, now: now)
    }

    /// The next step as text: `create RunCreated x1`, `update QuotaExceeded x3`, `rest 60.0`, `rest`, `end`.
    mutating func next() -> String {
        switch journal.next(now: now) {
        case .create(let series): "create \(series.event.reason) x\(series.count)"
        case .update(let series): "update \(series.event.reason) x\(series.count)"
        case .rest(let time): time.map { "rest \(now.duration(to: $0).inSeconds)" } ?? "rest"
        case .end: "end"
        }
    }

    mutating func answer(_ answer: EventJournal.Answer) -> EventJournal.Verdict {
        journal.finish(answer, now: now, random: 0)
    }

    /// Sends everything that is due, successfully, and returns it as text.
    mutating func sendAll() -> [String] {
        var sent: [String] = []
        while true {
            let step = next()
            guard step.hasPrefix("create") || step.hasPrefix("update") else { return sent }
            sent.append(step)
            _ = answer(.published)
        }
    }
}
