import KubeClient
import TestSupport
import Testing

@Suite struct KubeClientTests {
    private let key = ObjectKey(namespace: "n", name: "a")
    private let object = #"{"metadata":{"name":"a"}}"#

    private func client(_ transport: FakeTransport) -> KubeClient {
        KubeClient(transport: transport, retry: RetryPolicy(sleep: { _ in }, random: { 0 }))
    }

    @Test func getReadsOneObject() async throws {
        let transport = FakeTransport(HTTPResponse(200, object))
        #expect(try await client(transport).get(podType, key, decoding: nameDecoder) == "a")
        #expect(transport.requests.map(\.target) == ["/api/v1/namespaces/n/pods/a"])
        #expect(transport.requests.map(\.method) == [.get])
    }

    @Test func aRefusedObjectIsAnErrorWithItsPlace() async {
        let transport = FakeTransport(HTTPResponse(200, "{}"))
        await #expect(
            throws: KubeError.undecodable(
                "answer to GET /api/v1/namespaces/n/pods/a: invalid JSON at byte 2: no metadata")
        ) {
            try await client(transport).get(podType, key, decoding: nameDecoder)
        }
    }

    @Test func listKeepsTheGoodOnesOfAPage() async throws {
        let transport = FakeTransport(
            HTTPResponse(
                200,
                #"""
                {"kind":"PodList","metadata":{"resourceVersion":"9","continue":"tok"},
                 "items":[{"metadata":{"name":"a"}},
                          {"metadata":{"name":"b","namespace":"n","uid":"u","resourceVersion":"4","generation":"x"}},
                          {"metadata":{"name":"c"}}]}
                """#))
        let options = ListOptions(labelSelector: "a in (b,c)", limit: 500, version: .notOlderThan(ResourceVersion("5")))
        let page = try await client(transport).list(runType, namespace: nil, options, decoding: nameDecoder)
        #expect(page.items == ["a", "c"])
        #expect(page.resourceVersion.text == "9" && page.continueToken == "tok")
        #expect(page.undecodable.map(\.key) == [ObjectKey(namespace: "n", name: "b")])
        #expect(page.undecodable.map(\.metadata.uid) == ["u"])
        #expect(
            transport.requests.map(\.target) == [
                "/apis/tekton.dev/v1/pipelineruns?labelSelector=a%20in%20%28b%2Cc%29&limit=500&resourceVersion=5&resourceVersionMatch=NotOlderThan"
            ])
    }

    @Test func theNextPageNamesNoVersion() async throws {
        let transport = FakeTransport(HTTPResponse(200, #"{"items":null,"metadata":{"continue":""}}"#))
        let options = ListOptions(limit: 5, continueToken: "t=", version: .any, asMetadataOnly: true)
        let page = try await client(transport).list(podType, namespace: "n", options, decoding: nameDecoder)
        #expect(page.items.isEmpty && page.continueToken == nil)
        #expect(transport.requests.map(\.target) == ["/api/v1/namespaces/n/pods?limit=5&continue=t%3D"])
        #expect(transport.requests.first?.accept.contains("as=PartialObjectMetadataList;") == true)
    }

    @Test func createSendsTheBodyOnce() async throws {
        let transport = FakeTransport(HTTPResponse(201, object))
        let options = WriteOptions(fieldManager: "towline-operator", fieldValidation: .strict, dryRun: true)
        _ = try await client(transport).create(
            podType, namespace: "n", body: Array(object.utf8), options, decoding: nameDecoder)
        let request = try #require(transport.requests.first)
        #expect(request.method == .post && request.body == Array(object.utf8))
        #expect(request.contentType == "application/json")
        #expect(
            request.target
                == "/api/v1/namespaces/n/pods?fieldManager=towline-operator&fieldValidation=Strict&dryRun=All")
    }

    @Test func aCreateThatMayHaveArrivedIsNotRepeated() async {
        let transport = FakeTransport([
            .failure(TransportError(.connectionLost, "gone")), .success(HTTPResponse(201, object)),
        ])
        await #expect(throws: KubeError.transport(TransportError(.connectionLost, "gone"))) {
            try await client(transport).create(podType, namespace: "n", body: [], decoding: nameDecoder)
        }
        #expect(transport.requests.count == 1)
    }

    @Test func anOverloadedServerIsAskedAgain() async throws {
        let transport = FakeTransport(HTTPResponse(429, ""), HTTPResponse(429, ""), HTTPResponse(201, object))
        #expect(try await client(transport).create(podType, namespace: "n", body: [], decoding: nameDecoder) == "a")
        #expect(transport.requests.count == 3)
    }

    @Test(arguments: [
        (Patch.merge(Array(#"{"spec":{}}"#.utf8)), "application/merge-patch+json", "", 1),
        (.merge(Array(#"{"metadata":{"resourceVersion":"3"}}"#.utf8)), "application/merge-patch+json", "", 2),
        (.json(Array("[]".utf8)), "application/json-patch+json", "", 1),
        (.apply(Array("{}".utf8), force: true), "application/apply-patch+yaml", "&force=true", 2),
    ])
    func patchesAreRepeatedWhereHarmless(patch: Patch, type: String, query: String, tries: Int) async throws {
        let transport = FakeTransport([
            .failure(TransportError(.connectionLost, "")), .success(HTTPResponse(200, object)),
        ])
        _ = try? await client(transport).patch(
            podType, key, subresource: "status", patch, WriteOptions(fieldManager: "m"), decoding: nameDecoder)
        let request = try #require(transport.requests.first)
        #expect(request.method == .patch && request.contentType == type)
        #expect(request.target == "/api/v1/namespaces/n/pods/a/status?fieldManager=m\(query)")
        #expect(transport.requests.count == tries)
    }

    @Test func deleteCarriesItsPreconditions() async throws {
        let transport = FakeTransport(HTTPResponse(200, "{}"))
        try await client(transport).delete(
            podType, key, DeleteOptions(uid: "u", resourceVersion: ResourceVersion("3"), propagation: .background))
        #expect(
            transport.requests.map { String(decoding: $0.body, as: UTF8.self) } == [
                #"{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"u","resourceVersion":"3"},"propagationPolicy":"Background"}"#
            ])
    }

    @Test func cancellationEndsTheRepetitions() async {
        let transport = FakeTransport(HTTPResponse(503, "busy"))
        let client = KubeClient(transport: transport, retry: RetryPolicy(sleep: { _ in throw CancellationError() }))
        let error = await #expect(throws: KubeError.self) { try await client.get(podType, key, decoding: nameDecoder) }
        #expect(error?.isCancelled == true)
    }

    @Test func discoveryTellsWhatIsServed() async throws {
        let body =
            #"{"kind":"APIResourceList","resources":[{"name":"pipelineruns","verbs":["get"]},{"name":"pipelineruns/status"}]}"#
        let transport = FakeTransport(HTTPResponse(200, body), HTTPResponse(404, "404 page not found"))
        let client = client(transport)
        #expect(
            try await client.servedResources(group: "tekton.dev", version: "v1") == [
                "pipelineruns", "pipelineruns/status",
            ])
        #expect(try await client.servedResources(group: "", version: "v2") == nil)
        #expect(transport.requests.map(\.target) == ["/apis/tekton.dev/v1", "/api/v2"])
    }
}
