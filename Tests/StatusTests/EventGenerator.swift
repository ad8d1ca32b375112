import KubeClient
import Status
import TestSupport
import TowlineAPI

/// Generates random events, plausible and not; the same seed gives the same events.
struct EventGenerator {
    private var numbers: SplitMix

    init(seed: UInt64) { numbers = SplitMix(seed: seed) }

    mutating func number(below limit: Int) -> Int { numbers.below(limit) }

    mutating func chance(_ percent: Int) -> Bool { number(below: 100) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(below: elements.count)] }

    /// Mostly short texts; sometimes longer than every bound, with characters of several bytes.
    mutating func text() -> String {
        switch number(below: 12) {
        case 0: ""
        case 1: String(repeating: "é", count: number(below: 2500))
        case 2: "a" + String(repeating: "👩‍👩‍👧", count: number(below: 100))
        default: "text \(number(below: 4))"
        }
    }

    mutating func optionalText() -> String? { chance(50) ? text() : nil }

    /// Events in the middle of a run are frequent, so sequences do not end at once.
    mutating func event() -> ExecutionEvent {
        switch number(below: 10) {
        case 0: .acknowledged
        case 1:
            .conditionSet(
                pick(ConditionType.allCases), pick(ConditionStatus.allCases), reason: conditionReason(),
                message: text())
        case 2: chance(50) ? .conditionRemoved(pick(ConditionType.allCases)) : .resolved(workflow())
        case 3, 4, 5: decision(reason())
        default: .observed(observation())
        }
    }

    /// Mostly the event that fits the reason.
    private mutating func decision(_ reason: Reason) -> ExecutionEvent {
        let engine = chance(50) ? pick(EngineName.allCases) : nil
        let ends = chance(95) ? reason.outcome != nil : reason.outcome == nil
        return ends
            ? .ended(reason, message: text(), engine: engine, provesNoRun: chance(80))
            : .held(reason, message: text(), engine: engine)
    }

    private mutating func reason() -> Reason {
        let reasons = Reason.allCases.filter { $0.outcome == nil }
        return chance(85) ? pick(reasons) : pick(Reason.allCases)
    }

    private mutating func conditionReason() -> ConditionReason {
        switch number(below: 10) {
        case 0: .definition(pick(DefinitionReason.allCases))
        case 1, 2: .retention(pick(RetentionReason.allCases))
        default: .general(pick(Reason.allCases))
        }
    }

    mutating func workflow() -> ResolvedWorkflow {
        var target = WorkflowTarget(name: optionalText(), clusterScope: pick([nil, true, false]))
        target.containerImage = optionalText()
        target.containerDigest = optionalText()
        target.imagePullSecret = optionalText()
        if chance(30) { target.resolver = Resolver(name: text(), parameters: entries(atMost: 20)) }
        return ResolvedWorkflow(
            engine: pick(EngineName.allCases), target: target, serviceAccountName: optionalText(),
            timeoutSeconds: chance(50) ? 60 : nil, parameters: entries(atMost: 70),
            definitionUID: "uid-\(number(below: 3))")
    }

    private mutating func entries(atMost limit: Int) -> [MapEntry] {
        (0..<number(below: limit)).map { index in
            MapEntry(key: "p\(index)", value: String(repeating: "v", count: chance(5) ? 3000 : number(below: 20)))
        }
    }

    private mutating func observation() -> Observation {
        var observation = Observation(reason: reason(), message: text(), engine: pick(EngineName.allCases))
        observation.engineReason = optionalText()
        observation.progress = chance(70) ? "\(number(below: 3))/3" : optionalText()
        observation.executed = pick([nil, true, false])
        if chance(80) {
            observation.runRef = RunReference(
                apiVersion: "tekton.dev/v1", kind: "PipelineRun", name: "run", uid: "uid-\(number(below: 3))")
        }
        if chance(20) {
            observation.failure = Failure(
                task: optionalText(), step: optionalText(), exitCode: chance(50) ? 137 : nil, reason: optionalText(),
                message: optionalText())
        }
        for _ in 0..<(chance(5) ? 100 : number(below: 3)) {
            observation.outputs.append(Output(name: chance(90) ? "o\(number(below: 200))" : text(), value: text()))
            observation.links.append(Link(name: "l\(number(below: 20))", url: "https://example/\(text())"))
        }
        return observation
    }

    /// The time of the next event: mostly later, sometimes the earlier time of another machine.
    mutating func time(after last: ServerTime) -> ServerTime {
        switch number(below: 10) {
        case 0: last - .seconds(number(below: 100))
        case 1: last
        case 2, 3: last + .milliseconds(number(below: 50))
        default: last + .milliseconds(number(below: 20_000))
        }
    }
}
