import KubeClient
import SandboxSupport
import Testing

@testable import APIServer

@Suite struct HTTPSurfaceTests {
    private let widgets = "/apis/example.com/v1/namespaces/default/widgets"

    @Test func `unknown paths are answered with plain text`() async throws {
        try await RunningServer.run { (server) async throws in
            for path in [
                "/apis/nowhere.io/v1/things", "/apis/example.com/v1/things", "/nothing", "/apis/example.com/v2",
            ] {
                let answer = try await server.send(.get, path)
                #expect(answer.status == 404)
                #expect(answer.body == "404 page not found\n", "\(path)")
            }
            let missing = try await server.send(.get, widgets + "/none")
            #expect(missing.status == 404)
            #expect(missing.body["kind"] == "Status")
            #expect(missing.body["message"] == "widgets.example.com \"none\" not found")
            #expect(missing.body["details"]?["kind"] == "widgets")
        }
    }

    @Test func `each error has its status code`() async throws {
        try await RunningServer.run { (server) async throws in
            let widget = Fixture.widget("one")
            #expect(try await server.send(.post, widgets, widget).status == 201)
            #expect(try await server.send(.post, widgets, widget).status == 409)
            #expect(try await server.send(.put, widgets, widget).status == 405)
            #expect(try await server.send(.post, "/apis/example.com/v1/widgets", widget).status == 405)
            #expect(try await server.send(.post, widgets, widget, type: "text/html").status == 415)
            #expect(
                try await server.send(
                    .patch, widgets + "/one", [:], type: "application/strategic-merge-patch+json"
                ).status == 415)
            #expect(try await server.send(.get, widgets, accept: "text/html").status == 406)
            #expect(try await server.send(.get, widgets + "?labelSelector=%3D").status == 400)
            #expect(try await server.send(.get, widgets + "?fieldSelector=spec.size%3D1").status == 400)
            #expect(try await server.send(.get, widgets + "?resourceVersionMatch=Exact").status == 422)
            #expect(try await server.send(.post, widgets + "?dryRun=Some", widget).status == 422)
            #expect(try await server.send(.get, widgets + "?resourceVersion=99999999999999").status == 504)
        }
    }

    @Test func `field validation rejects, warns or ignores`() async throws {
        try await RunningServer.run { (server) async throws in
            var widget = Fixture.widget("one")
            widget[path: ["spec", "foo"]] = 1
            let strict = try await server.send(.post, widgets + "?fieldValidation=Strict", widget)
            #expect(strict.status == 400)
            #expect(
                strict.body["message"]?.stringValue?.hasSuffix("strict decoding error: unknown field \"spec.foo\"")
                    == true)
            let warned = try await server.send(.post, widgets + "?dryRun=All", widget)
            #expect(warned.status == 201)
            #expect(warned.headers["Warning"] == #"299 - "unknown field \"spec.foo\"""#)
            #expect(warned.body["spec"]?["foo"] == nil)
            let silent = try await server.send(.post, widgets + "?fieldValidation=Ignore", widget)
            #expect(silent.status == 201)
            #expect(silent.headers["Warning"] == nil)
        }
    }

    @Test func `a dry run stores nothing`() async throws {
        try await RunningServer.run { (server) async throws in
            #expect(try await server.send(.post, widgets + "?dryRun=All", Fixture.widget("one")).status == 201)
            #expect(try await server.send(.get, widgets + "/one").status == 404)
            let created = try await server.send(.post, widgets, Fixture.widget("one"))
            let patched = try await server.send(
                .patch, widgets + "/one?dryRun=All", ["spec": ["color": "green"]],
                type: "application/merge-patch+json")
            #expect(patched.body["spec"]?["color"] == "green")
            #expect(
                try await server.send(.delete, widgets + "/one?dryRun=All", ["dryRun": ["All"]]).status == 200)
            #expect(try await server.send(.get, widgets + "/one").body == created.body)
        }
    }

    @Test func `pages of a list show one revision`() async throws {
        try await RunningServer.run { (server) async throws in
            for index in 0..<7 {
                _ = try await server.send(.post, widgets, Fixture.widget("w\(index)"))
            }
            let first = try await server.send(.get, widgets + "?limit=3")
            #expect(first.body["metadata"]?["remainingItemCount"] == 4)
            _ = try await server.send(.delete, widgets + "/w5")
            _ = try await server.send(.post, widgets, Fixture.widget("w9"))
            let token = first.body["metadata"]?["continue"]?.stringValue ?? ""
            let second = try await server.send(.get, widgets + "?limit=10&continue=\(token)")
            let names = second.body["items"]?.arrayValue?.compactMap { $0["metadata"]?["name"]?.stringValue }
            #expect(names == ["w3", "w4", "w5", "w6"])
            #expect(
                second.body["metadata"]?["resourceVersion"] == first.body["metadata"]?["resourceVersion"])
            server.server.cluster.storage.compact(through: server.server.cluster.storage.revision)
            let expired = try await server.send(.get, widgets + "?limit=10&continue=\(token)")
            #expect(expired.status == 410)
            #expect(expired.body["reason"] == "Expired")
        }
    }

    @Test func `tables and partial metadata are served on request`() async throws {
        try await RunningServer.run { (server) async throws in
            _ = try await server.send(.post, widgets, Fixture.widget("one"))
            let table = try await server.send(
                .get, widgets, accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
            #expect(table.body["kind"] == "Table")
            #expect(
                table.body["columnDefinitions"]?.arrayValue?.map { $0["name"] } == ["Name", "Color", "Size", "Age"])
            #expect(table.body["rows"]?[0]?["cells"] == ["one", "red", 1, "0s"])
            #expect(table.body["rows"]?[0]?["object"]?["kind"] == "PartialObjectMetadata")
            let slim = try await server.send(
                .get, widgets + "/one", accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
            #expect(slim.body["spec"] == nil)
            #expect(slim.body["metadata"]?["name"] == "one")
        }
    }

    @Test func `server-side apply reports conflicts`() async throws {
        try await RunningServer.run { (server) async throws in
            let type = "application/apply-patch+yaml"
            let made = try await server.send(
                .patch, widgets + "/one?fieldManager=alice", Fixture.widget("one"), type: type)
            #expect(made.status == 201)
            let entry = made.body["metadata"]?["managedFields"]?[0]
            #expect(entry?["manager"] == "alice")
            #expect(entry?["operation"] == "Apply")
            let other = Fixture.widget("one", color: "green")
            let conflict = try await server.send(.patch, widgets + "/one?fieldManager=bob", other, type: type)
            #expect(conflict.status == 409)
            #expect(conflict.body["details"]?["causes"]?[0]?["field"] == ".spec.color")
            let forced = try await server.send(
                .patch, widgets + "/one?fieldManager=bob&force=true", other, type: type)
            #expect(forced.status == 200)
            let again = try await server.send(.patch, widgets + "/one?fieldManager=bob", other, type: type)
            #expect(again.body == forced.body)
            #expect(try await server.send(.patch, widgets + "/one", other, type: type).status == 422)
        }
    }

    @Test(arguments: [
        ("SelfSubjectAccessReview", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        ("SubjectAccessReview", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
        ("LocalSubjectAccessReview", "/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews"),
    ])
    func `access reviews allow everything and repeat the question`(kind: String, path: String) async throws {
        try await RunningServer.run { (server) async throws in
            let question: JSONValue = [
                "user": "somebody", "resourceAttributes": ["verb": "use", "resource": "serviceaccounts", "name": "x"],
            ]
            let answer = try await server.send(
                .post, path,
                ["apiVersion": "authorization.k8s.io/v1", "kind": .string(kind), "spec": question])
            #expect(answer.status == 201)
            #expect(answer.body["kind"]?.stringValue == kind)
            #expect(answer.body["spec"] == question)
            #expect(answer.body["status"]?["allowed"] == true)
        }
    }

    @Test func `requests to foreign host names are rejected`() async throws {
        try await RunningServer.run { (server) async throws in
            var request = HTTPRequest(.get, "/version")
            request.headers.append("Host", "evil.example")
            #expect(try await server.transport.send(request).status == 403)
        }
    }
}
