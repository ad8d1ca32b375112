import KubeClient
import SandboxSupport
import Testing

@testable import APIServer

@Suite struct ClusterWriteTests {
    private func refusal(_ body: () throws -> Void) -> StatusError? {
        do {
            try body()
            return nil
        } catch {
            return error as? StatusError
        }
    }

    @Test func `creation sets the fields of the server`() throws {
        let cluster = try Fixture.cluster()
        var body = Fixture.widget("one")
        body["status"] = ["observed": 7]
        body[path: ["metadata", "uid"]] = "mine"
        let widget = try cluster.create(Fixture.widgets, namespace: "default", body, fieldManager: "t")
        #expect(widget["metadata"]?["namespace"] == "default")
        #expect(widget["metadata"]?["uid"] != "mine")
        #expect(widget["metadata"]?["generation"] == 1)
        #expect(widget["metadata"]?["creationTimestamp"] == "2026-01-01T10:00:00Z")
        #expect(widget["spec"]?["size"] == 1)
        #expect(widget["status"] == ["observed": -1])
        let stored = try cluster.get(Fixture.widgets, namespace: "default", name: "one")
        #expect(stored == widget)
    }

    @Test func `errors name the object and the reason`() throws {
        let cluster = try Fixture.cluster()
        func create(_ object: JSONValue, in namespace: String = "default") -> StatusError? {
            refusal { try cluster.create(Fixture.widgets, namespace: namespace, object, fieldManager: "t") }
        }
        #expect(create(Fixture.widget("one")) == nil)
        #expect(create(Fixture.widget("one"))?.reason == "AlreadyExists")
        #expect(create(Fixture.widget("one"), in: "nowhere")?.message == "namespaces \"nowhere\" not found")
        let invalid = create(Fixture.widget("Bad_Name", color: "blue"))
        #expect(invalid?.code == 422)
        #expect(invalid?.details?.causes.map(\.field) == ["metadata.name", "spec.color"])
        #expect(create(Fixture.configMap("x"))?.code == 400)
    }

    @Test func `generated names are unique`() throws {
        let cluster = try Fixture.cluster()
        var body = Fixture.widget("")
        body[path: ["metadata", "generateName"]] = "job-"
        var names: Set<String> = []
        for _ in 0..<50 {
            let widget = try cluster.create(Fixture.widgets, namespace: "default", body, fieldManager: "t")
            names.insert(widget["metadata"]?["name"]?.stringValue ?? "")
        }
        #expect(names.count == 50)
        #expect(names.allSatisfy { $0.hasPrefix("job-") && $0.count == 9 })
    }

    @Test func `an update checks the version and counts the generation`() throws {
        let cluster = try Fixture.cluster()
        let first = try cluster.create(
            Fixture.widgets, namespace: "default", Fixture.widget("one"), fieldManager: "t")
        var changed = first
        changed[path: ["spec", "color"]] = "green"
        changed["status"] = ["observed": 9]
        let second = try cluster.update(
            Fixture.widgets, namespace: "default", changed, subresource: nil, fieldManager: "t")
        #expect(second["metadata"]?["generation"] == 2)
        #expect(second["status"] == ["observed": -1])
        #expect(
            refusal {
                try cluster.update(
                    Fixture.widgets, namespace: "default", changed, subresource: nil, fieldManager: "t")
            }?.reason == "Conflict")
        var status = second
        status["status"] = ["observed": 2]
        status[path: ["spec", "color"]] = "red"
        let third = try cluster.update(
            Fixture.widgets, namespace: "default", status, subresource: "status", fieldManager: "t")
        #expect(third["status"] == ["observed": 2])
        #expect(third["spec"]?["color"] == "green")
        #expect(third["metadata"]?["generation"] == 2)
        var versionless = third
        versionless[path: ["metadata", "resourceVersion"]] = nil
        let missing = refusal {
            try cluster.update(
                Fixture.widgets, namespace: "default", versionless, subresource: nil, fieldManager: "t")
        }
        #expect(missing?.details?.causes.first?.field == "metadata.resourceVersion")
    }

    @Test func `a write without changes is not stored`() throws {
        let cluster = try Fixture.cluster()
        let widget = try cluster.create(
            Fixture.widgets, namespace: "default", Fixture.widget("one"), fieldManager: "t")
        let again = try cluster.patch(
            Fixture.widgets, namespace: "default", name: "one", merge: ["spec": ["color": "red"]], subresource: nil,
            fieldManager: "t")
        #expect(again["metadata"]?["resourceVersion"] == widget["metadata"]?["resourceVersion"])
    }

    @Test func `finalizers delay the removal of an object`() throws {
        let cluster = try Fixture.cluster()
        var body = Fixture.widget("held")
        body[path: ["metadata", "finalizers"]] = ["example.com/hold"]
        try cluster.create(Fixture.widgets, namespace: "default", body, fieldManager: "t")
        try cluster.delete(Fixture.widgets, namespace: "default", name: "held", uid: nil)
        let held = try cluster.get(Fixture.widgets, namespace: "default", name: "held")
        #expect(held["metadata"]?["deletionTimestamp"] == "2026-01-01T10:00:00Z")
        #expect(held["metadata"]?["generation"] == 2)
        let added = refusal {
            try cluster.patch(
                Fixture.widgets, namespace: "default", name: "held",
                merge: ["metadata": ["finalizers": ["example.com/hold", "example.com/more"]]], subresource: nil,
                fieldManager: "t")
        }
        #expect(added?.code == 422)
        #expect(
            added?.details?.causes.first?.message
                == "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
                + "[]string{\"example.com/more\"}")
        try cluster.patch(
            Fixture.widgets, namespace: "default", name: "held", merge: ["metadata": ["finalizers": .null]],
            subresource: nil, fieldManager: "t")
        #expect(
            refusal { _ = try cluster.get(Fixture.widgets, namespace: "default", name: "held") }?.reason == "NotFound")
    }

    /// As kube-apiserver 1.36 does for custom resources.
    @Test func `another UID is a conflict in a replacement, invalid in a patch, and ignored in a patch of the status`()
        throws
    {
        let cluster = try Fixture.cluster()
        var other = try cluster.create(
            Fixture.widgets, namespace: "default", Fixture.widget("one"), fieldManager: "t")
        other[path: ["metadata", "uid"]] = "another"
        for subresource in [nil, "status"] {
            let replacing = refusal {
                try cluster.update(
                    Fixture.widgets, namespace: "default", other, subresource: subresource, fieldManager: "t")
            }
            #expect(replacing?.code == 409 && replacing?.reason == "Conflict")
        }
        func patch(_ subresource: String?) throws -> JSONValue {
            try cluster.patch(
                Fixture.widgets, namespace: "default", name: "one",
                merge: ["metadata": ["uid": "another"], "status": ["observed": 3]], subresource: subresource,
                fieldManager: "t")
        }
        let patching = refusal { _ = try patch(nil) }
        #expect(patching?.code == 422)
        #expect(patching?.message.hasSuffix("metadata.uid: Invalid value: \"another\": field is immutable") == true)
        let patched = try patch("status")
        #expect(patched["status"]?["observed"] == 3)
        #expect(patched["metadata"]?["uid"] != "another")
    }

    @Test func `a deletion checks its UID precondition`() throws {
        let cluster = try Fixture.cluster()
        try cluster.create(Fixture.widgets, namespace: "default", Fixture.widget("one"), fieldManager: "t")
        #expect(
            refusal { try cluster.delete(Fixture.widgets, namespace: "default", name: "one", uid: "other") }?.code
                == 409)
    }

    @Test func `versions of a resource share storage`() throws {
        let cluster = try Fixture.cluster()
        try cluster.create(Fixture.widgets, namespace: "default", Fixture.widget("one"), fieldManager: "t")
        let beta = GroupVersionResource(group: "example.com", version: "v1beta1", resource: "widgets")
        let widget = try cluster.get(beta, namespace: "default", name: "one")
        #expect(widget["apiVersion"] == "example.com/v1beta1")
        #expect(widget["spec"]?["color"] == "red")
    }
}
