import KubeClient
import TestSupport
import Testing

@testable import Schema

/// The project's CRD in `crds/`.
@Suite struct ProjectSchemaTests {
    private let schema: CustomResourceSchema

    init() throws {
        let documents = try Repository.documents("crds/towline.dev_workflowexecutions.yaml")
        let version = try #require(documents.first?["spec"]?["versions"]?[0])
        schema = try CustomResourceSchema(reading: #require(version["schema"]?["openAPIV3Schema"]))
    }

    private static let execution = #"""
        apiVersion: towline.dev/v1alpha1
        kind: WorkflowExecution
        metadata: {name: restart-payment-api, namespace: payments, labels: {a: b}}
        spec:
          workflowRef: {workflowId: restart-deployment, version: "1.4.0", engine: tekton, containerImage: "registry.example/workflows/restart:1.4.0"}
          parameters: {NAMESPACE: payments, DEPLOYMENT: payment-api}
          remediationRequestRef: {kind: RemediationRequest, name: rr-7, namespace: ops}
          confidence: 0.92
          executionConfig: {serviceAccountName: restarter, timeoutSeconds: 1800, startDeadlineSeconds: 600}
        """#

    private func execution(_ changes: String = "{}") throws -> JSONValue {
        let base = try #require(YAML.documents(Array(Self.execution.utf8), source: "test").first)
        return try MergePatch.apply(JSONValue(parsing: changes), to: base)
    }

    /// The API server's messages for a creation, or for an update of `old`.
    private func messages(_ object: JSONValue, replacing old: JSONValue? = nil) -> [String] {
        var (object, old) = (object, old)
        #expect(schema.prune(&object).isEmpty)
        schema.applyDefaults(to: &object)
        if var before = old {
            schema.applyDefaults(to: &before)
            old = before
        }
        return schema.validate(object, replacing: old).map(\.description)
    }

    @Test func `a valid execution gets the default status`() throws {
        var object = try execution()
        #expect(messages(object) == [])
        schema.applyDefaults(to: &object)
        #expect(object["status"] == ["observedGeneration": -1, "phase": "Pending"])
    }

    @Test(arguments: [
        (
            #"{"spec":{"workflowRef":{"engine":"jenkins"}}}"#,
            #"spec.workflowRef.engine: Unsupported value: "jenkins": supported values: "tekton", "argo""#
        ),
        (
            #"{"spec":{"workflowRef":{"workflowId":null}}}"#,
            "spec.workflowRef: Invalid value: \"object\": spec.workflowRef must have exactly one of workflowId and definition"
        ),
        (
            #"{"spec":{"workflowRef":{"definition":"restart@1.4.0"}}}"#,
            "spec.workflowRef: Invalid value: \"object\": spec.workflowRef must have exactly one of workflowId and definition"
        ),
        (
            #"{"spec":{"workflowRef":{"workflowId":null,"definition":"restart@1.4.0"}}}"#,
            "spec.workflowRef.definition: Invalid value: \"object\": spec.workflowRef.definition can only be set together with engine"
        ),
        (
            #"{"spec":{"workflowRef":{"engine":"argo"}}}"#,
            "spec.workflowRef.containerImage: Invalid value: \"object\": spec.workflowRef.containerImage can only be set for engine tekton"
        ),
        (
            #"{"spec":{"parameters":{"1x":""}}}"#,
            "spec.parameters: Invalid value: \"object\": the keys of spec.parameters must start with a letter"
        ),
        (
            #"{"spec":{"parameters":{"X":1}}}"#,
            #"spec.parameters.X: Invalid value: "integer": spec.parameters.X in body must be of type string: "integer""#
        ),
        (
            #"{"spec":{"confidence":2}}"#,
            "spec.confidence: Invalid value: 2: spec.confidence in body should be less than or equal to 1"
        ),
        (
            #"{"spec":{"executionConfig":{"timeoutSeconds":0}}}"#,
            "spec.executionConfig.timeoutSeconds: Invalid value: 0"
        ),
        (#"{"spec":null}"#, "spec: Required value"),
    ])
    func `an invalid execution is rejected with a message`(changes: String, message: String) throws {
        let messages = try messages(execution(changes))
        #expect(messages.contains { $0.hasPrefix(message) }, "\(messages)")
    }

    @Test(arguments: [
        (#"{"spec":{"workflowRef":{"workflowId":"other"}}}"#, "spec.workflowRef.workflowId"),
        (#"{"spec":{"workflowRef":{"version":null}}}"#, "spec.workflowRef.version"),
        (#"{"spec":{"workflowRef":{"name":"n"}}}"#, "spec.workflowRef.name"),
        (#"{"spec":{"parameters":{"NAMESPACE":"x"}}}"#, "spec.parameters"),
        (#"{"spec":{"confidence":null}}"#, "spec.confidence"),
        (#"{"spec":{"executionConfig":null}}"#, "spec.executionConfig"),
        (#"{"spec":{"executionConfig":{"timeoutSeconds":5}}}"#, "spec.executionConfig.timeoutSeconds"),
        (#"{"spec":{"executionConfig":{"allowExpressions":true}}}"#, "spec.executionConfig.allowExpressions"),
        (#"{"spec":{"remediationRequestRef":{"name":"x"}}}"#, "spec.remediationRequestRef"),
    ])
    func `the spec is immutable`(changes: String, field: String) throws {
        let messages = try messages(execution(changes), replacing: execution())
        #expect(messages.count == 1)
        #expect(
            messages.first?.hasPrefix("\(field): Invalid value: ") == true
                && messages.first?.contains("is immutable") == true, "\(messages)")
    }

    /// TTLs can be set, changed and removed at any time, other fields of the configuration cannot.
    @Test func `TTLs can change at any time`() throws {
        let configs = [
            "null", "{}", #"{"ttlSecondsAfterFinished":0}"#,
            #"{"ttlSecondsAfterFinished":315360000,"runTTLSecondsAfterFinished":5}"#,
        ]
        let bare = try MergePatch.apply(JSONValue(parsing: #"{"spec":{"executionConfig":null}}"#), to: execution())
        let versions = try configs.map { config in
            try MergePatch.apply(JSONValue(parsing: #"{"spec":{"executionConfig":\#(config)}}"#), to: bare)
        }
        for old in versions {
            for new in versions { #expect(messages(new, replacing: old) == []) }
            for field in [#""timeoutSeconds":5"#, #""allowExpressions":true"#, #""allowExpressions":false"#] {
                let other = try MergePatch.apply(
                    JSONValue(parsing: #"{"spec":{"executionConfig":{\#(field)}}}"#), to: old)
                for (new, old) in [(other, old), (old, other)] {
                    #expect(messages(new, replacing: old).count == 1)
                    #expect(messages(new, replacing: old).first?.contains("is immutable") == true)
                }
            }
        }
        for seconds in ["-1", "315360001"] {
            let wrong = try MergePatch.apply(
                JSONValue(parsing: #"{"spec":{"executionConfig":{"ttlSecondsAfterFinished":\#(seconds)}}}"#), to: bare)
            #expect(messages(wrong).count == 1)
        }
    }

    @Test(arguments: [
        ("tekton", "$(params.NAMESPACE)", "Tekton would expand a variable"),
        ("tekton", "a$$(context.pipelineRun.name)", "Tekton would expand a variable"),
        ("tekton", "$(workspaces.shared.path)", "Tekton would expand a variable"),
        ("argo", "{{=2*21}}", "Argo would expand the text that starts with {{"),
    ])
    func `a parameter value that the engine would expand is rejected`(engine: String, value: String, message: String)
        throws
    {
        let base = try execution(#"{"spec":{"workflowRef":{"containerImage":null,"engine":"\#(engine)"}}}"#)
        var refused = base
        refused[path: ["spec", "parameters", "NOTE"]] = .string(value)
        let found = messages(refused)
        #expect(found.count == 1)
        #expect(found.first?.contains("spec.parameters.NOTE: \(message)") == true, "\(found)")
        refused[path: ["spec", "executionConfig", "allowExpressions"]] = false
        #expect(messages(refused).count == 1)
        refused[path: ["spec", "executionConfig", "allowExpressions"]] = true
        #expect(messages(refused) == [])
        // The other engine does not expand it.
        var other = base
        other[path: ["spec", "parameters", "NOTE"]] = .string(value)
        other[path: ["spec", "workflowRef", "engine"]] = engine == "argo" ? "tekton" : "argo"
        #expect(messages(other) == [])
    }

    /// An execution that is older than the rule can still be stopped, and its status can be written.
    @Test func `a stored execution with an expression stays valid`() throws {
        let old = try execution(#"{"spec":{"parameters":{"NOTE":"$(params.NAMESPACE)"}}}"#)
        let stopped = try execution(#"{"spec":{"parameters":{"NOTE":"$(params.NAMESPACE)"},"shutdown":"Stop"}}"#)
        let labeled = try execution(
            #"{"metadata":{"labels":{"a":"c"}},"spec":{"parameters":{"NOTE":"$(params.NAMESPACE)"}}}"#)
        for new in [stopped, labeled] { #expect(messages(new, replacing: old) == []) }
        #expect(messages(stopped).count == 1)
    }

    @Test func `shutdown can only be raised`() throws {
        let (none, stop, terminate) = try (
            execution(), execution(#"{"spec":{"shutdown":"Stop"}}"#), execution(#"{"spec":{"shutdown":"Terminate"}}"#)
        )
        for (old, new) in [(none, stop), (none, terminate), (stop, terminate), (stop, stop)] {
            #expect(messages(new, replacing: old) == [])
        }
        for (old, new) in [(stop, none), (terminate, none), (terminate, stop)] {
            #expect(messages(new, replacing: old).first?.hasPrefix("spec.shutdown: Invalid value") == true)
        }
    }

    @Test func `the status only moves forward`() throws {
        let running =
            #"{"status":{"observedGeneration":1,"phase":"Running","startedAt":"2026-01-01T10:00:00Z","updatedAt":"2026-01-01T10:00:00Z"}}"#
        let done =
            #"{"status":{"observedGeneration":1,"phase":"Completed","outcome":"Success","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:04:00Z","updatedAt":"2026-01-01T10:04:00Z"}}"#
        let (fresh, first, last) = try (execution(), execution(running), execution(done))
        #expect(messages(first, replacing: fresh) == [])
        #expect(messages(last, replacing: first) == [])
        #expect(!messages(first, replacing: last).isEmpty)
        let early = try MergePatch.apply(
            JSONValue(parsing: #"{"status":{"finishedAt":"2026-01-01T09:00:00Z"}}"#), to: last)
        #expect(
            messages(early, replacing: first) == [
                #"status.finishedAt: Invalid value: "object": status.finishedAt must not be before startedAt"#
            ])
        let restarted = try MergePatch.apply(
            JSONValue(parsing: #"{"status":{"startedAt":"2026-01-01T10:00:01Z"}}"#), to: first)
        #expect(
            messages(restarted, replacing: first) == [
                #"status.startedAt: Invalid value: "object": status.startedAt is immutable once set"#
            ])
    }

    // MARK: executed

    /// A status with the phase and `executed`; nil omits the field.
    private func status(_ phase: String, executed: Bool?) throws -> JSONValue {
        var status: JSONValue = ["observedGeneration": 1, "phase": .string(phase), "updatedAt": "2026-01-01T10:04:00Z"]
        if phase != "Pending" { status["startedAt"] = "2026-01-01T10:00:00Z" }
        if phase == "Completed" || phase == "Failed" {
            status["finishedAt"] = "2026-01-01T10:04:00Z"
            status["outcome"] = phase == "Completed" ? "Success" : "Failed"
        }
        if let executed { status["executed"] = .bool(executed) }
        var object = try execution()
        object["status"] = status
        return object
    }

    /// The rule of the contract, implemented independently.
    private func isAllowed(_ phase: String, _ executed: Bool?, after old: (phase: String, executed: Bool?)) -> Bool {
        let ended = ["Completed", "Failed"]
        if ended.contains(old.phase) { return phase == old.phase && executed == old.executed }
        if old.executed == true, executed != true { return false }
        // Written by an older operator; it may stay until the run is checked again.
        if old.executed == false, executed == false { return true }
        return executed != false || ended.contains(phase)
    }

    @Test func `executed follows its rule in every transition`() throws {
        let phases = ["Pending", "Running", "Completed", "Failed"]
        let values: [Bool?] = [nil, false, true]
        for old in phases {
            // Other rules allow only forward transitions.
            let next = old == "Pending" ? phases : old == "Running" ? Array(phases.dropFirst()) : [old]
            for before in values {
                for new in next {
                    for after in values {
                        let found = try messages(status(new, executed: after), replacing: status(old, executed: before))
                        let word = "\(old) \(String(describing: before)) to \(new) \(String(describing: after))"
                        #expect(found.isEmpty == isAllowed(new, after, after: (old, before)), "\(word): \(found)")
                        #expect(
                            found.allSatisfy { $0.hasPrefix("status.executed: Invalid value") }, "\(word): \(found)")
                    }
                }
            }
        }
    }

    @Test func `a status of an older operator does not block updates`() throws {
        let old = try status("Running", executed: false)
        let stopped = try MergePatch.apply(JSONValue(parsing: #"{"spec":{"shutdown":"Stop"}}"#), to: old)
        #expect(messages(stopped, replacing: old) == [])
        #expect(try messages(status("Running", executed: nil), replacing: old) == [])
        #expect(try messages(status("Running", executed: true), replacing: old) == [])
        #expect(try !messages(status("Running", executed: false), replacing: execution()).isEmpty)
    }
}
