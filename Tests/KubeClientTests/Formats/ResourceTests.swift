import KubeClient
import Testing

@Suite struct ResourceTests {
    @Test func `paths have group, namespace and name`() {
        let pods = ResourceType(group: "", version: "v1", plural: "pods", kind: "Pod")
        #expect(pods.path(namespace: nil) == "/api/v1/pods")
        #expect(pods.path(namespace: "") == "/api/v1/pods")
        #expect(pods.path(namespace: "a", name: "b") == "/api/v1/namespaces/a/pods/b")
        #expect(
            runType.path(namespace: "a", name: "b", subresource: "status")
                == "/apis/tekton.dev/v1/namespaces/a/pipelineruns/b/status")
        #expect(pods.apiVersion == "v1")
        #expect(runType.apiVersion == "tekton.dev/v1")
    }

    @Test(arguments: [("a/b", "a%2Fb"), ("..", "%2E%2E"), ("a?b#c", "a%3Fb%23c")])
    func `names are encoded in paths`(name: String, encoded: String) {
        #expect(podType.path(namespace: "n", name: name) == "/api/v1/namespaces/n/pods/\(encoded)")
    }

    @Test(arguments: [
        ("1", "2", ResourceVersion.Order.older), ("9", "10", .older), ("10", "9", .newer), ("10", "10", .same),
        ("99999999999999999999999999", "100000000000000000000000000", .older),
    ])
    func `compares decimal versions`(left: String, right: String, order: ResourceVersion.Order) {
        #expect(ResourceVersion(left).order(relativeTo: ResourceVersion(right)) == order)
    }

    @Test(arguments: ["", "0", "01", "1a", "-1", "１"])
    func `does not compare opaque versions`(text: String) {
        #expect(ResourceVersion(text).order(relativeTo: ResourceVersion("5")) == nil)
        #expect(ResourceVersion("5").order(relativeTo: ResourceVersion(text)) == nil)
        #expect(!ResourceVersion("5").isNewer(than: ResourceVersion(text)))
    }

    @Test func `reads the metadata that controllers use`() throws {
        var cursor = JSONCursor(
            Array(
                #"""
                {"name":"a","namespace":"n","uid":"u","resourceVersion":"7","generation":3,
                 "creationTimestamp":"2026-01-01T10:00:00Z","deletionTimestamp":null,
                 "labels":{"x":"1","y":null},"annotations":{"keep":"k","drop":"d"},"managedFields":[{"f":{}}],
                 "ownerReferences":[{"apiVersion":"v1","kind":"K","name":"o","uid":"ou","controller":true,"blockOwnerDeletion":true}]}
                """#.utf8))
        let metadata = try ObjectMetadata(&cursor, annotations: ["keep"])
        #expect(metadata.key == ObjectKey(namespace: "n", name: "a"))
        #expect(metadata.key.description == "n/a")
        #expect(metadata.resourceVersion.text == "7")
        #expect(metadata.generation == 3)
        #expect(metadata.creationTimestamp?.description == "2026-01-01T10:00:00Z")
        #expect(metadata.deletionTimestamp == nil)
        #expect(metadata.label("x") == "1" && metadata.label("y") == "" && metadata.label("z") == nil)
        #expect(metadata.annotations == [Label(key: "keep", value: "k")])
        #expect(metadata.controller?.uid == "ou")
    }

    @Test(arguments: [
        #"{"name":1}"#, #"{"generation":1.5}"#, #"{"creationTimestamp":"yesterday"}"#, #"{"labels":{"a":1}}"#,
        #"{"ownerReferences":{}}"#, "[]", "",
    ])
    func `rejects malformed metadata`(text: String) {
        #expect(throws: JSONError.self) {
            var cursor = JSONCursor(Array(text.utf8))
            _ = try ObjectMetadata(&cursor)
        }
    }
}
