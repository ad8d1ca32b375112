import Environments
import KubeClient
import TowlineAPI

extension FuzzTarget {
    /// Definitions, and what an execution makes of them.
    static var definition: FuzzTarget {
        get throws {
            FuzzTarget(name: "definition", corpus: try catalog("WorkflowDefinition") + [definitionText]) { text, _ in
                var cursor = JSONCursor(text)
                guard let definition = try? WorkflowDefinition(reading: &cursor) else { return false }
                let parameters = definition.spec.parameters.prefix(8).map { declaration in
                    Parameter(name: declaration.name, value: declaration.default ?? "main")
                }
                let spec = ExecutionSpec(
                    workflowRef: WorkflowReference(definition: definition.spec.id.description),
                    parameters: Array(parameters))
                if let workflow = definition.resolve(spec).workflow { _ = spec.resolved(by: workflow).validate() }
                return true
            }
        }
    }

    /// Environments, and what is decided about them as they stand.
    static var environment: FuzzTarget {
        get throws {
            let corpus = try catalog("Environment") + environmentTexts
            return FuzzTarget(name: "environment", corpus: corpus) { text, random in
                var cursor = JSONCursor(text)
                guard let environment = try? Environment(reading: &cursor) else { return false }
                let now = ServerTime(seconds: 1_800_000_000 + Int64(random.below(100_000)))
                _ = EnvironmentEntry(of: environment, now: now, expiryWarning: .seconds(3600))
                return true
            }
        }
    }

    /// The examples of a kind, as an API server stores them.
    private static func catalog(_ kind: String) throws -> [[UInt8]] {
        try examples().flatMap { text in
            ((try? YAML.documents(text, source: "corpus")) ?? []).filter { $0["kind"]?.stringValue == kind }
        }.map { manifest in
            var object = manifest.objectValue ?? JSONObject()
            var metadata = manifest["metadata"]?.objectValue ?? JSONObject()
            metadata["uid"] = "3f9c2a71-d000-4000-8000-000000000001"
            metadata["generation"] = 1
            object["metadata"] = .object(metadata)
            return JSONValue.object(object).encoded
        }
    }

    private static let definitionText = Array(
        """
        {"metadata": {"name": "up-1", "namespace": "n", "uid": "u"}, "spec": {"name": "up", "version": "1", "engine": "argo",
         "ref": {"name": "up-1", "clusterScope": true}, "executionConfig": {"serviceAccountName": "s", "timeoutSeconds": 60},
         "parameters": [{"name": "BRANCH", "required": true, "default": "main", "pattern": "^[a-z]+$", "enum": ["main", "x"]}],
         "deprecated": true, "replacedBy": "up@2"}}
        """.utf8)

    private static let environmentTexts = [
        """
        {"metadata": {"name": "pr-7", "namespace": "n", "uid": "3f9c2a71-d0b5", "generation": 2, "resourceVersion": "7",
          "finalizers": ["towline.dev/teardown"], "deletionTimestamp": "2027-01-15T08:00:00Z",
          "annotations": {"towline.dev/extended-until": "2027-01-16T08:00:00Z", "towline.dev/retry-requested-at": "x",
            "towline.dev/skip-teardown": "true"}},
         "spec": {"desired": "Inactive", "timeslot": {"start": "2027-01-15T07:00:00Z", "end": "2027-01-15T09:00:00Z",
            "leadSeconds": 900, "teardownSeconds": 60, "maxEnd": "2027-01-17T00:00:00Z"}, "parameters": {"A": "b"},
          "executionConfig": {"serviceAccountName": "s"}, "signals": ["submitted"], "lifecycle": {"readyAfter": "up",
            "onFailure": "Teardown", "phases": [
            {"name": "up", "engine": "workflow", "workflow": {"name": "up", "version": "1"},
             "retry": {"limit": 2, "onOutcomes": ["Timeout"], "backoffSeconds": 5}},
            {"name": "warm", "engine": "pipeline", "gatesNext": false, "steps": [{"pause": {"seconds": 5}}, {"markReady": {}}]},
            {"name": "report", "engine": "workflow", "triggerOnStatus": "failed", "workflow": {"name": "r", "version": "1"}},
            {"name": "down", "engine": "workflow", "teardown": true, "workflow": {"name": "down", "version": "1"}}]}},
         "status": {"observedGeneration": 1, "phase": "Terminating", "reason": "TearingDown", "currentPhase": "down",
          "startedAt": "2027-01-15T07:00:00Z", "readyAt": "2027-01-15T07:01:00Z", "expiresAt": "2027-01-15T09:00:00Z",
          "terminationStartedAt": "2027-01-15T08:00:00Z", "lastHandledRetryAt": "y", "phases": [
            {"name": "up", "state": "WaitingForTime", "attempt": 1, "executionRef": {"name": "e", "uid": "u"}, "outcome": "Failed",
             "reason": "StepFailed", "message": "m", "startedAt": "2027-01-15T07:00:00Z", "finishedAt": "2027-01-15T07:01:00Z",
             "resolved": {"engine": "tekton", "name": "up", "definitionUID": "d", "declared": ["A"]}},
            {"name": "warm", "state": "Running", "attempt": 0, "step": 1, "stepStartedAt": "2027-01-15T07:01:00Z"},
            {"name": "report", "state": "Waiting", "attempt": 0}, {"name": "down", "state": "Waiting", "attempt": 9223372036854775807}]}}
        """,
        """
        {"metadata": {"name": "lab", "namespace": "n", "uid": "u"}, "spec": {"timeslot": {"ttlSeconds": 9223372036854775807},
          "lifecycleRef": {"name": "lab", "version": "1"}}, "status": {"phase": "Active", "expiresAt": "2027-01-15T09:00:00Z",
          "lifecycle": {"name": "lab", "version": "1", "uid": "l", "phases": [
            {"name": "warm", "engine": "pipeline", "steps": [{"pause": {"seconds": 9223372036854775807}}]}]},
          "phases": [{"name": "warm", "state": "Running", "step": 9223372036854775807, "stepStartedAt": "9999-12-31T23:59:59Z"}]}}
        """,
    ].map { Array($0.utf8) }
}
