import KubeClient
import Testing
import TowlineAPI

/// How an execution's metadata marks a restore from a backup.
@Suite struct RestorationTests {
    private func restoration(annotations: JSONObject = [:], labels: JSONObject = [:]) throws -> Restoration {
        let object: JSONValue = [
            "metadata": [
                "name": "a", "uid": "u", "annotations": .object(annotations), "labels": .object(labels),
            ],
            "spec": ["workflowRef": ["workflowId": "w"]],
        ]
        var cursor = JSONCursor(object.encoded)
        return try WorkflowExecution.storeDecoder(&cursor).restoration
    }

    @Test func `the restore mark counts as a label and as an annotation`() throws {
        let mark: JSONObject = ["velero.io/restore-name": "nightly-20260101"]
        #expect(try restoration(labels: mark) == .held)
        #expect(try restoration(annotations: mark) == .held)
        #expect(try restoration() == .none)
    }

    @Test(arguments: ["true", "", "yes", "false", "True"])
    func `only true releases a restored execution`(_ value: String) throws {
        let labels: JSONObject = ["velero.io/restore-name": "r"]
        let found = try restoration(annotations: ["towline.dev/run-restored": .string(value)], labels: labels)
        #expect(found == (value == "true" ? .released : .held))
    }

    @Test func `the release annotation has no effect without a restore`() throws {
        #expect(try restoration(annotations: ["towline.dev/run-restored": "true"]) == .none)
        #expect(try restoration(labels: ["velero.io/exclude-from-backup": "true"]) == .none)
    }
}
