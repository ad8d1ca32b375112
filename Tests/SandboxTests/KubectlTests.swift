import KubeClient
import SandboxSupport
import TestSupport
import Testing

@testable import APIServer
@testable import Sandbox

@Suite(.enabled(if: Kubectl.installed != nil, "kubectl is not installed"), .serialized)
struct KubectlTests {
    private let manifest = """
        apiVersion: example.com/v1
        kind: Widget
        metadata: {name: one, labels: {app: web}}
        spec: {color: red, size: 3}
        """

    private func run(_ body: (Kubectl, SandboxServer) async throws -> Void) async throws {
        try await RunningServer.run(.system) { (server) async throws in
            let kubectl = try Kubectl(server.server)
            defer { kubectl.remove() }
            try await body(kubectl, server.server)
        }
    }

    @Test func `kubectl discovers resources`() async throws {
        try await run { (kubectl, _) async throws in
            #expect(try await kubectl.result("version").output.contains("Server Version: v1.33.0-towline"))
            let resources = try await kubectl.result("api-resources").output
            #expect(resources.contains("widgets") && resources.contains("example.com/v1"))
            #expect(try await kubectl.result("api-versions").output.contains("events.k8s.io/v1"))
            #expect(try await kubectl.result("explain", "widget.spec.color").output.contains("FIELD: color"))
            #expect(try await kubectl.result("explain", "configmap.metadata").output.contains("ownerReferences"))
            #expect(try await kubectl.result("auth", "can-i", "create", "pods").code == 0)
            #expect(try await kubectl.result("cluster-info").code == 0)
        }
    }

    @Test func `kubectl apply and get work`() async throws {
        try await run { (kubectl, _) async throws in
            #expect(
                try await kubectl.result("apply", "-f", "-", input: manifest).output
                    == "widget.example.com/one created\n")
            #expect(
                try await kubectl.result("apply", "-f", "-", input: manifest).output
                    == "widget.example.com/one unchanged\n")
            let changed = manifest.replacing("red", with: "green")
            #expect(try await kubectl.result("diff", "-f", "-", input: changed).code == 1)
            #expect(try await kubectl.result("apply", "--dry-run=server", "-f", "-", input: changed).code == 0)
            #expect(
                try await kubectl.result("apply", "-f", "-", input: changed).output
                    == "widget.example.com/one configured\n")
            let table = try await kubectl.result("get", "wg").output
            #expect(table.hasPrefix("NAME   COLOR   AGE\none    green   "))
            #expect(try await kubectl.result("describe", "widget", "one").output.contains("Events:"))
            let unknown = try await kubectl.result("apply", "-f", "-", input: manifest.replacing("size", with: "foo"))
            #expect(unknown.output.contains("strict decoding error: unknown field \"spec.foo\""))
            let invalid = try await kubectl.result("apply", "-f", "-", input: manifest.replacing("red", with: "blue"))
            #expect(invalid.output.contains("Unsupported value: \"blue\""))
        }
    }

    @Test func `kubectl apply --server-side works`() async throws {
        try await run { (kubectl, _) async throws in
            let first = try await kubectl.result("apply", "--server-side", "-f", "-", input: manifest)
            #expect(first.output == "widget.example.com/one serverside-applied\n")
            let other = manifest.replacing("red", with: "green")
            let conflict = try await kubectl.result(
                "apply", "--server-side", "--field-manager=other", "-f", "-", input: other)
            #expect(conflict.output.contains("conflict with \"kubectl\": .spec.color"))
            let forced = try await kubectl.result(
                "apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-", input: other)
            #expect(forced.code == 0)
        }
    }

    @Test func `kubectl edits and deletes objects`() async throws {
        try await run { (kubectl, _) async throws in
            _ = try await kubectl.result("create", "-f", "-", input: manifest)
            #expect(try await kubectl.result("create", "-f", "-", input: manifest).output.contains("AlreadyExists"))
            #expect(try await kubectl.result("label", "widget", "one", "tier=front").code == 0)
            #expect(try await kubectl.result("annotate", "widget", "one", "note=x").code == 0)
            #expect(
                try await kubectl.result("patch", "widget", "one", "--type=merge", "-p", #"{"spec":{"size":5}}"#).code
                    == 0)
            let operations =
                #"[{"op":"test","path":"/spec/size","value":5},{"op":"replace","path":"/spec/size","value":6}]"#
            #expect(try await kubectl.result("patch", "widget", "one", "--type=json", "-p", operations).code == 0)
            #expect(try await kubectl.result("replace", "-f", "-", input: manifest).code == 0)
            #expect(
                try await kubectl.result(
                    "patch", "widget", "one", "--subresource=status", "--type=merge", "-p",
                    #"{"status":{"observed":4}}"#
                ).code == 0)
            #expect(
                try await kubectl.result("wait", "--for=jsonpath={.status.observed}=4", "widget/one", "--timeout=20s")
                    .code
                    == 0)
            #expect(
                try await kubectl.result("get", "widgets", "-l", "app=web", "-o", "name").output
                    == "widget.example.com/one\n")
            #expect(try await kubectl.result("delete", "widget", "one").code == 0)
            #expect(try await kubectl.result("wait", "--for=delete", "widget/one", "--timeout=20s").code == 0)
            #expect(try await kubectl.result("get", "widget", "one").output.contains("(NotFound)"))
        }
    }

    @Test func `kubectl works with built-in kinds`() async throws {
        try await run { (kubectl, server) async throws in
            #expect(try await kubectl.result("create", "namespace", "team").code == 0)
            #expect(
                try await kubectl.result("create", "configmap", "settings", "--from-literal=a=b", "-n", "team").code
                    == 0)
            #expect(
                try await kubectl.result("create", "secret", "generic", "token", "--from-literal=a=b", "-n", "team")
                    .code == 0)
            #expect(try await kubectl.result("create", "serviceaccount", "robot", "-n", "team").code == 0)
            let data = try await kubectl.result("get", "secret", "token", "-n", "team", "-o", "jsonpath={.data.a}")
            #expect(data.output == "Yg==")
            let patched = try await kubectl.result(
                "patch", "configmap", "settings", "-n", "team", "-p", #"{"data":{"c":"d"}}"#)
            #expect(patched.code == 0)
            #expect(try await kubectl.result("delete", "namespace", "team").code == 0)
            #expect(try await kubectl.result("get", "configmaps", "-n", "team").output.contains("No resources found"))
            #expect(server.cluster.serves(Fixture.configMaps))
        }
    }

    @Test func `kubectl shows events and logs`() async throws {
        try await run { (kubectl, server) async throws in
            let pods = GroupVersionResource(group: "", version: "v1", resource: "pods")
            let pod: JSONValue = [
                "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"],
                "spec": ["containers": [["name": "main", "image": "x"]]],
            ]
            let made = try server.cluster.create(pods, namespace: "default", pod, fieldManager: "t")
            server.cluster.appendLog("first\nsecond\n", namespace: "default", pod: "p", container: "main")
            #expect(try await kubectl.result("logs", "p").output == "first\nsecond\n")
            #expect(try await kubectl.result("logs", "p", "--tail=1").output == "second\n")
            try server.cluster.patch(
                pods, namespace: "default", name: "p", merge: ["status": ["phase": "Succeeded"]],
                subresource: "status", fieldManager: "t")
            #expect(try await kubectl.result("logs", "p", "-f").output == "first\nsecond\n")
            let event: JSONValue = [
                "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": ["name": "e"],
                "eventTime": "2026-01-01T10:00:00.000000Z", "reason": "Started", "note": "it began",
                "type": "Normal", "action": "Start", "reportingController": "test", "reportingInstance": "test-1",
                "regarding": [
                    "apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": "default",
                    "uid": made["metadata"]?["uid"] ?? "",
                ],
            ]
            let events = GroupVersionResource(group: "events.k8s.io", version: "v1", resource: "events")
            try server.cluster.create(events, namespace: "default", event, fieldManager: "t")
            #expect(try await kubectl.result("get", "events").output.contains("pod/p"))
            #expect(try await kubectl.result("events").output.contains("it began"))
            #expect(try await kubectl.result("describe", "pod", "p").output.contains("it began"))
            #expect(try await kubectl.result("get", "pods").output.contains("Succeeded"))
        }
    }
}
