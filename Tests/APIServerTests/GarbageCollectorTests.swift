import KubeClient
import SandboxSupport
import Testing

@testable import APIServer

@Suite struct GarbageCollectorTests {
    private let cluster: Cluster
    private let collector: GarbageCollector

    init() throws {
        cluster = try Fixture.cluster()
        collector = GarbageCollector(cluster)
    }

    private func make(_ object: JSONValue) throws -> JSONValue {
        let resource = object["kind"] == "Widget" ? Fixture.widgets : Fixture.configMaps
        return try cluster.create(resource, namespace: "default", object, fieldManager: "t")
    }

    private func names(_ resource: GroupVersionResource = Fixture.configMaps) throws -> [String] {
        try cluster.list(resource, namespace: "default", labelSelector: "").compactMap {
            $0["metadata"]?["name"]?.stringValue
        }
    }

    private func delete(_ name: String, _ propagation: DeleteParameters.Propagation) throws {
        let target = ObjectTarget(
            served: try cluster.served(Fixture.widgets), namespace: "default", name: name)
        _ = try cluster.delete(target, DeleteParameters(propagation: propagation))
    }

    @Test func `dependents are deleted after their owner`() throws {
        let owner = try make(Fixture.widget("owner"))
        let child = try make(Fixture.configMap("child", owner: owner))
        _ = try make(Fixture.configMap("grandchild", owner: child))
        _ = try make(Fixture.configMap("stranger"))
        collector.collect()
        #expect(try names() == ["child", "grandchild", "stranger"])
        try delete("owner", .background)
        collector.collect()
        #expect(try names() == ["stranger"])
    }

    @Test func `an owner with another UID counts as gone`() throws {
        var owner = try make(Fixture.widget("owner"))
        owner[path: ["metadata", "uid"]] = "another"
        _ = try make(Fixture.configMap("child", owner: owner))
        collector.collect()
        #expect(try names() == [])
    }

    @Test func `an owner of an unknown kind keeps its dependents`() throws {
        let owner: JSONValue = [
            "apiVersion": "unknown.io/v1", "kind": "Ghost", "metadata": ["name": "g", "uid": "u"],
        ]
        _ = try make(Fixture.configMap("child", owner: owner))
        collector.collect()
        #expect(try names() == ["child"])
    }

    @Test func `a dependent stays while one owner exists`() throws {
        let first = try make(Fixture.widget("first"))
        let second = try make(Fixture.widget("second"))
        var child = Fixture.configMap("child", owner: first)
        let more = Fixture.configMap("child", owner: second)["metadata"]?["ownerReferences"]?[0] ?? .null
        let references = (child["metadata"]?["ownerReferences"]?.arrayValue ?? []) + [more]
        child[path: ["metadata", "ownerReferences"]] = .array(references)
        _ = try make(child)
        try delete("first", .background)
        collector.collect()
        let left = try cluster.get(Fixture.configMaps, namespace: "default", name: "child")
        #expect(left["metadata"]?["ownerReferences"]?.arrayValue?.map { $0["name"] } == ["second"])
    }

    @Test func `a foreground deletion waits for blocking dependents`() throws {
        let owner = try make(Fixture.widget("owner"))
        var child = Fixture.configMap("child", owner: owner, blocks: true)
        child[path: ["metadata", "finalizers"]] = ["example.com/hold"]
        _ = try make(child)
        try delete("owner", .foreground)
        collector.collect()
        #expect(try names(Fixture.widgets) == ["owner"])
        try cluster.patch(
            Fixture.configMaps, namespace: "default", name: "child", merge: ["metadata": ["finalizers": .null]],
            subresource: nil, fieldManager: "t")
        collector.collect()
        #expect(try names(Fixture.widgets) == [])
        #expect(try names() == [])
    }

    private func finalizers(_ name: String) throws -> [String] {
        try cluster.get(Fixture.widgets, namespace: "default", name: name).finalizers
    }

    private func removeFinalizers(_ name: String) throws {
        try cluster.patch(
            Fixture.widgets, namespace: "default", name: name, merge: ["metadata": ["finalizers": .null]],
            subresource: nil, fieldManager: "t")
        collector.collect()
    }

    @Test func `dependents of an owner that a finalizer holds stay under background deletion`() throws {
        let owner = try make(Fixture.widget("owner", finalizers: ["example.com/teardown"]))
        _ = try make(Fixture.widget("child", owner: owner))
        try delete("owner", .background)
        collector.collect()
        #expect(try names(Fixture.widgets) == ["child", "owner"])
        try removeFinalizers("owner")
        #expect(try names(Fixture.widgets) == [])
    }

    /// As measured on kube-controller-manager 1.36: a dependent created after the collector's work is not deleted.
    @Test func `a foreground deletion deletes dependents although another finalizer holds the owner`() throws {
        let owner = try make(Fixture.widget("owner", finalizers: ["example.com/teardown"]))
        _ = try make(Fixture.widget("child", owner: owner))
        _ = try make(Fixture.widget("unowned"))
        try delete("owner", .foreground)
        #expect(try finalizers("owner") == ["example.com/teardown", GarbageCollector.foregroundFinalizer])
        collector.collect()
        #expect(try names(Fixture.widgets) == ["owner", "unowned"])
        #expect(try finalizers("owner") == ["example.com/teardown"])
        _ = try make(Fixture.widget("late", owner: owner))
        collector.collect()
        #expect(try names(Fixture.widgets) == ["late", "owner", "unowned"])
        try removeFinalizers("owner")
        #expect(try names(Fixture.widgets) == ["unowned"])
    }

    @Test func `a background deletion can become a foreground deletion`() throws {
        let owner = try make(Fixture.widget("owner", finalizers: ["example.com/teardown"]))
        _ = try make(Fixture.widget("child", owner: owner))
        try delete("owner", .background)
        let marked = try cluster.get(Fixture.widgets, namespace: "default", name: "owner")
        try delete("owner", .foreground)
        collector.collect()
        #expect(try names(Fixture.widgets) == ["owner"])
        let again = try cluster.get(Fixture.widgets, namespace: "default", name: "owner")
        #expect(again["metadata"]?["generation"] == marked["metadata"]?["generation"])
        #expect(again["metadata"]?["deletionTimestamp"] == marked["metadata"]?["deletionTimestamp"])
    }

    @Test func `a foreground deletion deletes from the leaves to the root`() throws {
        let root = try make(Fixture.widget("root", finalizers: ["example.com/teardown"]))
        let middle = try make(Fixture.widget("middle", owner: root, finalizers: ["example.com/hold"]))
        _ = try make(Fixture.widget("leaf", owner: middle, finalizers: ["example.com/hold"]))
        try delete("root", .foreground)
        collector.collect()
        #expect(try finalizers("root").contains(GarbageCollector.foregroundFinalizer))
        #expect(try finalizers("middle").contains(GarbageCollector.foregroundFinalizer))
        try removeFinalizers("leaf")
        #expect(try finalizers("middle") == ["example.com/hold"])
        #expect(try finalizers("root").contains(GarbageCollector.foregroundFinalizer))
        try removeFinalizers("middle")
        #expect(try finalizers("root") == ["example.com/teardown"])
    }

    @Test func `an orphaning deletion removes the owner references`() throws {
        let owner = try make(Fixture.widget("owner"))
        _ = try make(Fixture.configMap("child", owner: owner))
        try delete("owner", .orphan)
        collector.collect()
        #expect(try names(Fixture.widgets) == [])
        let child = try cluster.get(Fixture.configMaps, namespace: "default", name: "child")
        #expect(child["metadata"]?["ownerReferences"] == nil)
    }

    @Test func `deleting a namespace deletes its content`() throws {
        let namespace: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "team"]]
        try cluster.create(Fixture.namespaces, namespace: "", namespace, fieldManager: "t")
        var held = Fixture.widget("held")
        held[path: ["metadata", "finalizers"]] = ["example.com/hold"]
        try cluster.create(Fixture.widgets, namespace: "team", held, fieldManager: "t")
        try cluster.delete(Fixture.namespaces, namespace: "", name: "team", uid: nil)
        collector.collect()
        let terminating = try cluster.get(Fixture.namespaces, namespace: "", name: "team")
        #expect(terminating["status"]?["phase"] == "Terminating")
        let messages = terminating["status"]?["conditions"]?.arrayValue?.filter { $0["status"] == "True" }
            .map { $0["message"] }
        #expect(
            messages == [
                "Some resources are remaining: widgets.example.com has 1 resource instances",
                "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
            ])
        try cluster.patch(
            Fixture.widgets, namespace: "team", name: "held", merge: ["metadata": ["finalizers": .null]],
            subresource: nil, fieldManager: "t")
        collector.collect()
        #expect(throws: StatusError.self) { try cluster.get(Fixture.namespaces, namespace: "", name: "team") }
    }

    /// The refusal of a real API server, for objects with a name, with a generated name, and for events.
    @Test func `a terminating namespace refuses creates and accepts changes`() throws {
        let namespace: JSONValue = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "team"]]
        try cluster.create(Fixture.namespaces, namespace: "", namespace, fieldManager: "t")
        let held = Fixture.widget("held", finalizers: ["example.com/hold"])
        try cluster.create(Fixture.widgets, namespace: "team", held, fieldManager: "t")
        try cluster.delete(Fixture.namespaces, namespace: "", name: "team", uid: nil)
        var generated = Fixture.widget("")
        generated[path: ["metadata", "generateName"]] = "late-"
        for (name, object) in [("late", Fixture.widget("late")), ("late-", generated), ("held", held)] {
            let refusal = #expect(throws: StatusError.self) {
                try cluster.create(Fixture.widgets, namespace: "team", object, fieldManager: "t")
            }
            #expect(refusal?.code == 403 && refusal?.reason == "Forbidden")
            #expect(
                refusal?.message == "widgets.example.com \"\(name)\" is forbidden: unable to create new content in "
                    + "namespace team because it is being terminated")
            #expect(refusal?.details?.name == name && refusal?.details?.kind == "widgets")
            #expect(refusal?.details?.causes.map(\.reason) == ["NamespaceTerminating"])
            #expect(refusal?.details?.causes.map(\.message) == ["namespace team is being terminated"])
            #expect(refusal?.details?.causes.map(\.field) == ["metadata.namespace"])
        }
        let changed = try cluster.patch(
            Fixture.widgets, namespace: "team", name: "held", merge: ["status": ["observed": 2]],
            subresource: "status", fieldManager: "t")
        #expect(changed["status"]?["observed"] == 2)
        try cluster.patch(
            Fixture.widgets, namespace: "team", name: "held", merge: ["metadata": ["finalizers": .null]],
            subresource: nil, fieldManager: "t")
        collector.collect()
        let late = #expect(throws: StatusError.self) {
            try cluster.create(Fixture.widgets, namespace: "team", Fixture.widget("late"), fieldManager: "t")
        }
        #expect(late?.message == "namespaces \"team\" not found")
    }

    @Test func `deleting a definition deletes its objects`() throws {
        _ = try make(Fixture.widget("one"))
        let definitions = CustomResourceDefinition.resource
        try cluster.delete(definitions, namespace: "", name: "widgets.example.com", uid: nil)
        collector.collect()
        #expect(!cluster.serves(Fixture.widgets))
        #expect(try cluster.list(definitions, namespace: nil, labelSelector: "").isEmpty)
        try cluster.load([Fixture.widgetDefinition])
        #expect(try names(Fixture.widgets) == [])
    }
}
