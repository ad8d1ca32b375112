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
        #expect(throws: StatusError.self) {
            try cluster.create(Fixture.widgets, namespace: "team", Fixture.widget("late"), fieldManager: "t")
        }
        try cluster.patch(
            Fixture.widgets, namespace: "team", name: "held", merge: ["metadata": ["finalizers": .null]],
            subresource: nil, fieldManager: "t")
        collector.collect()
        #expect(throws: StatusError.self) { try cluster.get(Fixture.namespaces, namespace: "", name: "team") }
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
