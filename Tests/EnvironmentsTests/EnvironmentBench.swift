import Engines
import Foundation
import KubeClient
import Status
import TestSupport
import Testing
import TowlineAPI

@testable import Environments
@testable import Schema

/// An environment, its catalog and its executions in memory: the decision's steps are carried out as an API server would.
final class EnvironmentBench {
    /// The object as it is stored.
    var object: JSONValue
    var now = ServerTime(seconds: 1_800_000_000)
    var lifecycles: [String: JSONValue] = [:]
    var definitions: [String: JSONValue] = [:]
    /// The stored executions by name.
    var executions: [String: JSONValue] = [:]
    /// The errors of creates, by the name of the execution; used once.
    var createErrors: [String: KubeError] = [:]
    /// What every create fails with.
    var createError: KubeError?
    /// Creates are carried out, but their answers are lost.
    var losesAnswers = false
    /// The steps so far: `create NAME`, `stop NAME Stop`, `hold`, `release`, `write PHASE/REASON`…
    var log: [String] = []
    var warning = Duration.seconds(3600)
    private var version = 1

    /// - Parameters:
    ///   - spec: the JSON of the spec; single quotes stand for double quotes.
    init(_ spec: String, name: String = "pr-7", uid: String = "3f9c2a71-d0b5-4c8e-9a55-0123456789ab") throws {
        let spec = try JSONValue(parsing: spec.replacingOccurrences(of: "'", with: "\""))
        object = [
            "metadata": [
                "name": .string(name), "namespace": "previews", "uid": .string(uid), "resourceVersion": "1",
                "generation": 1,
            ], "spec": spec,
        ]
    }

    /// Adds a definition whose workflow is named like it; `parameters` is JSON with single quotes.
    func define(_ name: String, version: String = "1", parameters: String = "[]") throws {
        let text = parameters.replacingOccurrences(of: "'", with: "\"")
        definitions["\(name)-\(version)"] = [
            "metadata": [
                "name": .string("\(name)-\(version)"), "namespace": "previews", "uid": .string("uid-\(name)"),
            ],
            "spec": [
                "name": .string(name), "version": .string(version), "engine": "tekton",
                "parameters": try JSONValue(parsing: text),
            ],
        ]
    }

    var environment: Environment {
        get throws {
            var cursor = JSONCursor(object.encoded)
            return try Environment.decoder(&cursor)
        }
    }

    var status: EnvironmentStatus { get throws { try environment.status } }

    /// `PHASE/REASON`.
    var verdict: String { get throws { "\(try status.phase.rawValue)/\(try status.reason?.rawValue ?? "")" } }

    /// `NAME:STATE` of all phases.
    var states: String {
        get throws { try status.phases.map { "\($0.name):\($0.state.rawValue)" }.joined(separator: " ") }
    }

    /// `TYPE=STATUS` of all conditions, sorted; with the reason for those that the phase does not decide.
    func condition(_ type: EnvironmentConditionType) throws -> String? {
        try status.condition(type).map { "\($0.status.rawValue)/\($0.reason)" }
    }

    // MARK: Users

    func change(_ path: String..., to value: JSONValue?) {
        object = object.setting(path[...], to: value)
        let isSpec = path.first == "spec"
        if isSpec, case .integer(let generation)? = object[path: ["metadata", "generation"]] {
            object = object.setting(["metadata", "generation"], to: .integer(generation + 1))
        }
        bump()
    }

    func annotate(_ name: String, _ value: String?) {
        change("metadata", "annotations", "towline.dev/\(name)", to: value.map { .string($0) })
    }

    func delete() { change("metadata", "deletionTimestamp", to: .string(now.rfc3339)) }

    /// True if the object was deleted and nothing holds it.
    var isGone: Bool {
        object[path: ["metadata", "deletionTimestamp"]] != nil
            && object[path: ["metadata", "finalizers"]]?.arrayValue?.isEmpty ?? true
    }

    // MARK: Executions

    /// The executions that have not ended, by name.
    var running: [String] {
        executions.filter { $0.value[path: ["status", "finishedAt"]] == nil }.keys.sorted()
    }

    /// Ends an execution as its operator would.
    func end(_ name: String, _ outcome: String = "Success", reason: String? = nil, more: JSONValue = [:]) {
        var status: JSONObject = [
            "observedGeneration": 1, "phase": outcome == "Success" ? "Completed" : "Failed",
            "outcome": .string(outcome),
            "reason": .string(reason ?? (outcome == "Success" ? "Succeeded" : "StepFailed")),
            "startedAt": .string(now.rfc3339), "finishedAt": .string(now.rfc3339),
        ]
        for member in more.objectValue ?? JSONObject() { status[member.key] = member.value }
        executions[name] = executions[name]?.setting(["status"], to: .object(status))
    }

    // MARK: The operator

    /// Reconciles until the decision rests; returns until when, and fails if it never does.
    @discardableResult
    func reconcile() throws -> ServerTime? {
        var facts = EnvironmentFacts()
        for _ in 0..<100 {
            let environment = try environment
            guard !isGone else { return nil }
            var decision = EnvironmentDecision(of: environment, facts: facts, now: now, expiryWarning: warning)
            switch decision.next() {
            case .rest(let time): return time
            case .poll(let pause): return now + pause
            case .retry(let pause): return now + max(pause, .seconds(1))
            case .write(let status):
                log.append("write \(status.phase.rawValue)/\(status.reason?.rawValue ?? "")")
                try store(status, of: environment)
            case .hold, .release:
                let isHeld = environment.isHeld
                log.append(isHeld ? "release" : "hold")
                change("metadata", "finalizers", to: isHeld ? [] : ["towline.dev/teardown"])
            case .readLifecycle(let id):
                facts.lifecycle = try lookup(lifecycles[id.objectName], Lifecycle.decoder)
            case .readDefinitions(let ids):
                for id in ids {
                    facts.definitions[id] = try lookup(definitions[id.objectName], WorkflowDefinition.decoder)
                }
            case .readExecution(let name):
                facts.executions[name] = try lookup(executions[name], PhaseExecutionState.decoder)
            case .create(let execution): try create(execution, &facts)
            case .probeNamespace:
                let failure = createError.map { CreateFailure($0, creating: .execution) }
                facts.isNamespaceTerminating = failure?.reason == .namespaceTerminating
            case .stop(let execution, let kind):
                log.append("stop \(execution.key.name) \(kind.rawValue)")
                executions[execution.key.name] = executions[execution.key.name]?
                    .setting(["spec", "shutdown"], to: .string(kind.rawValue))
                facts.stops[execution.key.name] = kind
            case .deleteOld(let name):
                log.append("delete \(name)")
                executions[name] = nil
                facts.deletedOld.insert(name)
            }
        }
        Issue.record("the decision does not come to rest: \(log.suffix(10))")
        return nil
    }

    /// Moves the time on, reconciling whenever the decision asked for it.
    func pass(_ duration: Duration) throws {
        let end = now + duration
        while let next = try reconcile(), next <= end {
            guard next > now else {
                Issue.record("the decision asks for the same time again")
                return
            }
            now = next
        }
        now = end
        try reconcile()
    }

    private func create(_ execution: PhaseExecution, _ facts: inout EnvironmentFacts) throws {
        log.append("create \(execution.name)")
        if let error = createErrors.removeValue(forKey: execution.name) ?? createError {
            facts.createFailures[execution.name] = CreateFailure(error, creating: .execution)
            return
        }
        guard executions[execution.name] == nil else {
            facts.createFailures[execution.name] = .nameTaken
            return
        }
        var created = try JSONValue(parsing: execution.body)
        created = created.setting(["metadata", "uid"], to: .string(UUID().uuidString.lowercased()))
        created = created.setting(["metadata", "resourceVersion"], to: "1")
        executions[execution.name] = created
        if losesAnswers {
            facts.createFailures[execution.name] = .uncertain(.apiUnavailable, message: "lost", retryAfter: nil)
        } else {
            facts.executions[execution.name] = try lookup(created, PhaseExecutionState.decoder)
        }
    }

    private func lookup<Value>(
        _ object: JSONValue?, _ decoder: ObjectDecoder<Value>
    ) throws -> EnvironmentFacts.Lookup<Value> {
        guard let object else { return .missing }
        var cursor = JSONCursor(object.encoded)
        return .found(try decoder(&cursor))
    }

    /// Applies the patch that the reconciler would send.
    private func store(_ status: EnvironmentStatus, of environment: Environment) throws {
        let patch = StatusPatch(
            uid: environment.uid, resourceVersion: environment.resourceVersion, from: environment.status, to: status)
        let body = try JSONValue(parsing: patch.body)
        let old = object
        object = object.setting(["status"], to: (object["status"] ?? [:]).merging(body["status"] ?? [:]))
        bump()
        // What was written must be read back unchanged.
        #expect(try self.status == status)
        let problems = try Self.schema.get().validate(object, replacing: old)
        #expect(problems.isEmpty, "the API server would reject \(body.encodedString): \(problems)")
    }

    /// The schema in `crds/`; the API server rejects an environment that violates it.
    private static let schema = Result {
        let documents = try Repository.documents("crds/towline.dev_environments.yaml")
        let version = try #require(documents.first?["spec"]?["versions"]?[0])
        return try CustomResourceSchema(reading: #require(version["schema"]?["openAPIV3Schema"]))
    }

    private func bump() {
        version += 1
        object = object.setting(["metadata", "resourceVersion"], to: .string("\(version)"))
    }
}

extension JSONValue {
    /// The value with a member at a path changed, or removed for nil.
    func setting(_ path: ArraySlice<String>, to value: JSONValue?) -> JSONValue {
        guard let first = path.first else { return value ?? .null }
        var members = objectValue ?? JSONObject()
        if path.count == 1 {
            members[first] = value
        } else {
            members[first] = (members[first] ?? [:]).setting(path.dropFirst(), to: value)
        }
        return .object(members)
    }

    func setting(_ path: [String], to value: JSONValue?) -> JSONValue { setting(path[...], to: value) }
}
