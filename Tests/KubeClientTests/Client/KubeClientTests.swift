import TestSupport
import Testing

@testable import KubeClient

@Suite struct KubeClientTests {
    private let key = ObjectKey(namespace: "n", name: "a")
    private let object = #"{"metadata":{"name":"a"}}"#

    private func client(_ transport: FakeTransport) -> KubeClient {
        KubeClient(transport: transport, retry: RetryPolicy(sleep: { _ in }, random: { 0 }))
    }

    @Test func `a page that is too large is requested in smaller pieces`() async throws {
        let transport = FakeTransport([
            .failure(TransportError(.tooLarge, "more than 8 MiB")),
            .failure(TransportError(.tooLarge, "more than 8 MiB")),
            .success(HTTPResponse(200, #"{"metadata":{"continue":"next"},"items":[{},{},{}]}"#)),
        ])
        let type = ResourceType(group: "g.example", version: "v1", plural: "things", kind: "Thing")
        let page = try await client(transport).list(
            type, namespace: nil, ListOptions(limit: 100, continueToken: "here")
        ) { (cursor) throws(JSONError) in try cursor.skipValue() }
        #expect(page.items.count == 3 && page.continueToken == "next")
        #expect(page.recommendedLimit > 100_000, "the objects are small")
        #expect(
            transport.targets == ["100", "25", "6"].map { "/apis/g.example/v1/things?limit=\($0)&continue=here" })
    }

    @Test func `a single object that is too large is an error`() async throws {
        let transport = FakeTransport([.failure(TransportError(.tooLarge, "more than 8 MiB"))])
        let type = ResourceType(group: "g.example", version: "v1", plural: "things", kind: "Thing")
        let error = await #expect(throws: KubeError.self) {
            try await client(transport).list(type, namespace: nil, ListOptions(limit: 1)) {
                (cursor) throws(JSONError) in try cursor.skipValue()
            }
        }
        guard case .transport(let failure) = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(failure.kind == .tooLarge && transport.targets.count == 1)
    }

    @Test func `the next page is limited by the size of the objects`() async throws {
        let item = #"{"text":""# + String(repeating: "x", count: 100_000) + #""}"#
        let transport = FakeTransport(
            HTTPResponse(200, #"{"metadata":{"continue":"next"},"items":[\#(item),\#(item)]}"#))
        let type = ResourceType(group: "g.example", version: "v1", plural: "things", kind: "Thing")
        let page = try await client(transport).list(type, namespace: nil, ListOptions(limit: 500)) {
            (cursor) throws(JSONError) in try cursor.skipValue()
        }
        #expect((15...25).contains(page.recommendedLimit), "about two MiB: \(page.recommendedLimit)")
    }

    @Test func `gets one object`() async throws {
        let transport = FakeTransport(HTTPResponse(200, object))
        #expect(try await client(transport).get(podType, key, decoding: nameDecoder) == "a")
        #expect(transport.requests.map(\.target) == ["/api/v1/namespaces/n/pods/a"])
        #expect(transport.requests.map(\.method) == [.get])
    }

    @Test func `throws an error with the request for an undecodable object`() async {
        let transport = FakeTransport(HTTPResponse(200, "{}"))
        await #expect(
            throws: KubeError.undecodable(
                "response to GET /api/v1/namespaces/n/pods/a: invalid JSON at byte 2: no metadata")
        ) {
            try await client(transport).get(podType, key, decoding: nameDecoder)
        }
    }

    @Test func `a list keeps the decodable objects of a page`() async throws {
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

    /// API servers accept 10,000 levels in a field without a schema, such as those of Argo's minimal definition.
    @Test func `an object nested deeper than can be decoded does not affect a list`() async throws {
        let deep = String(repeating: #"{"a":["#, count: 5_000) + "1" + String(repeating: "]}", count: 5_000)
        let list = #"""
            {"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a"}},
             {"spec":\#(deep),"metadata":{"name":"b"}},{"metadata":{"name":"c"}}]}
            """#
        let page = try await client(FakeTransport(HTTPResponse(200, list)))
            .list(runType, namespace: nil, ListOptions(), decoding: nameDecoder)
        #expect(page.items == ["a", "b", "c"])
        #expect(page.undecodable.isEmpty)
    }

    @Test func `the request for the next page has no resource version`() async throws {
        let transport = FakeTransport(HTTPResponse(200, #"{"items":null,"metadata":{"continue":""}}"#))
        let options = ListOptions(limit: 5, continueToken: "t=", version: .any, asMetadataOnly: true)
        let page = try await client(transport).list(podType, namespace: "n", options, decoding: nameDecoder)
        #expect(page.items.isEmpty && page.continueToken == nil)
        #expect(transport.requests.map(\.target) == ["/api/v1/namespaces/n/pods?limit=5&continue=t%3D"])
        #expect(transport.requests.first?.accept.contains("as=PartialObjectMetadataList;") == true)
    }

    @Test func `sends a create once`() async throws {
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

    @Test func `does not retry a create that may have arrived`() async {
        let transport = FakeTransport([
            .failure(TransportError(.connectionLost, "gone")), .success(HTTPResponse(201, object)),
        ])
        await #expect(throws: KubeError.transport(TransportError(.connectionLost, "gone"))) {
            try await client(transport).create(podType, namespace: "n", body: [], decoding: nameDecoder)
        }
        #expect(transport.requests.count == 1)
    }

    @Test func `retries after 429`() async throws {
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
    func `retries only idempotent patches`(patch: Patch, type: String, query: String, tries: Int) async throws {
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

    @Test func `sends the preconditions of a delete`() async throws {
        let transport = FakeTransport(HTTPResponse(200, "{}"))
        try await client(transport).delete(
            podType, key, DeleteOptions(uid: "u", resourceVersion: ResourceVersion("3"), propagation: .background))
        #expect(
            transport.requests.map { String(decoding: $0.body, as: UTF8.self) } == [
                #"{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"u","resourceVersion":"3"},"propagationPolicy":"Background"}"#
            ])
    }

    @Test func `cancellation ends the retries`() async {
        let transport = FakeTransport(HTTPResponse(503, "busy"))
        let client = KubeClient(transport: transport, retry: RetryPolicy(sleep: { _ in throw CancellationError() }))
        let error = await #expect(throws: KubeError.self) { try await client.get(podType, key, decoding: nameDecoder) }
        #expect(error?.isCancelled == true)
    }

    @Test func `lists the served resources of a group`() async throws {
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

@Suite struct KubeErrorTests {
    private func status(_ code: Int, _ reason: String, _ rest: String = "") -> KubeError {
        KubeError(
            HTTPResponse(code, #"{"kind":"Status","apiVersion":"v1","reason":"\#(reason)","code":\#(code)\#(rest)}"#))
    }

    @Test func `reads all fields of a status`() {
        let error = status(
            409, "AlreadyExists",
            #"""
            ,"message":"pods \"a\" already exists","details":{"name":"a","kind":"pods","group":"g","uid":"u",
            "retryAfterSeconds":3,"causes":[{"reason":"R","message":"M","field":"F"}]}
            """#)
        let status = error.status
        #expect(status?.message == "pods \"a\" already exists")
        #expect(status?.details.name == "a" && status?.details.kind == "pods" && status?.details.group == "g")
        #expect(status?.details.causes.first?.field == "F")
        #expect(error.isAlreadyExists && !error.isConflict && !error.isTransient)
        #expect(error.retryAfter == .seconds(3))
        #expect(error.description == #"409 AlreadyExists: pods "a" already exists"#)
    }

    @Test func `distinguishes a missing object from a missing type`() {
        let object = status(404, "NotFound", #","details":{"name":"a","kind":"pipelineruns"}"#)
        #expect(object.isNotFoundObject && !object.isPlainNotFound)
        #expect(object.isNotFoundObject(named: "a") && !object.isNotFoundObject(named: "b"))
        let path = KubeError(HTTPResponse(404, "404 page not found\n"))
        #expect(path == .plainText(code: 404, body: "404 page not found", retryAfterSeconds: nil))
        #expect(path.isPlainNotFound && !path.isNotFoundObject)
        let type = status(404, "NotFound", #","details":{}"#)
        #expect(type.isPlainNotFound && !type.isNotFoundObject)
    }

    @Test func `uses Retry-After if the body has no delay`() {
        let busy = KubeError(HTTPResponse(429, "slow down", headers: ["retry-after": "7"]))
        #expect(busy.retryAfter == .seconds(7) && busy.isTransient)
        let body = #"{"kind":"Status","details":{"retryAfterSeconds":2}}"#
        #expect(KubeError(HTTPResponse(429, body, headers: ["Retry-After": "7"])).retryAfter == .seconds(2))
        #expect(
            KubeError(HTTPResponse(503, "", headers: ["Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"])).retryAfter
                == nil)
        #expect(KubeError(HTTPResponse(503, "", headers: ["Retry-After": "-5"])).retryAfter == .zero)
    }

    @Test func `detects expired and future versions`() {
        #expect(status(410, "Expired").isExpired)
        #expect(status(410, "Gone").isExpired)
        #expect(KubeError(HTTPResponse(410, "gone")).isExpired)
        let future = status(504, "Timeout", #","details":{"causes":[{"reason":"ResourceVersionTooLarge"}]}"#)
        #expect(future.isResourceVersionTooLarge && !future.isExpired)
        #expect(
            status(504, "Timeout", #","message":"Too large resource version: 9"#).isResourceVersionTooLarge == false)
        #expect(status(504, "Timeout", #","message":"Too large resource version: 9""#).isResourceVersionTooLarge)
    }

    @Test(arguments: [
        (401, true), (403, false), (404, false), (408, true), (409, false), (422, false), (429, true), (500, true),
        (503, true),
    ])
    func `classifies transient errors`(code: Int, isTransient: Bool) {
        #expect(status(code, "").isTransient == isTransient)
        #expect(KubeError.plainText(code: code, body: "", retryAfterSeconds: nil).isTransient == isTransient)
    }

    @Test func `an exhausted quota is transient`() {
        #expect(status(403, "Forbidden", #","message":"pods \"a\" is forbidden: exceeded quota: q""#).isTransient)
    }

    @Test(arguments: ["", "{", "[]", "null", #"{"kind":"Status","details":[]}"#, #"{"kind":"Pod"}"#, #"{"kind":1}"#])
    func `keeps the text of a body without a status`(body: String) {
        #expect(KubeError(HTTPResponse(500, body)) == .plainText(code: 500, body: body, retryAfterSeconds: nil))
    }

    @Test func `truncates what a Status says`() {
        let long = String(repeating: "x", count: 100_000)
        let cause = #"{"reason":"\#(long)","message":"\#(long)","field":"\#(long)"}"#
        let causes = Array(repeating: cause, count: 100).joined(separator: ",")
        let body = #"""
            {"kind":"Status","code":403,"reason":"Forbidden","message":"\#(long)",
             "details":{"name":"a","causes":[\#(causes)]}}
            """#
        let status = KubeError(HTTPResponse(403, body)).status
        #expect(status?.message.utf8.count == APIStatus.maximumMessage)
        #expect(status?.message.hasSuffix("…") == true, "so that the beginning of a secret at the end is masked")
        #expect(status?.details.causes.count == APIStatus.maximumCauses)
        #expect(status?.details.causes.allSatisfy { $0.message.utf8.count <= APIStatus.maximumWord } == true)
        #expect(status?.details.name == "a")
    }

    @Test func `truncates long texts`() {
        guard case .plainText(_, let body, _) = KubeError(HTTPResponse(500, String(repeating: "x", count: 10_000)))
        else {
            Issue.record("no plain text")
            return
        }
        #expect(body.utf8.count == 4096)
    }

    @Test func `clamps huge numbers`() {
        let error = status(429, "", #","details":{"retryAfterSeconds":9223372036854775807}"#)
        #expect(error.retryAfter == .seconds(Int.max))
    }
}

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy(random: { 0 })

    private func failure(_ code: Int, retryAfter: Int? = nil) -> KubeError {
        .plainText(code: code, body: "", retryAfterSeconds: retryAfter)
    }

    @Test(arguments: [(429, true), (500, false), (502, false), (503, false), (504, false), (404, false), (401, false)])
    func `retries a write only if the server did nothing`(code: Int, isRepeated: Bool) {
        let delay = policy.delay(after: failure(code), retries: 0, isIdempotent: false)
        #expect((delay != nil) == isRepeated)
    }

    @Test(arguments: [(429, true), (500, false), (502, true), (503, true), (504, true), (409, false), (410, false)])
    func `retries a read on overload`(code: Int, isRepeated: Bool) {
        let delay = policy.delay(after: failure(code), retries: 0, isIdempotent: true)
        #expect((delay != nil) == isRepeated)
    }

    @Test func `retries any 5xx with Retry-After`() {
        #expect(policy.delay(after: failure(500, retryAfter: 1), retries: 0, isIdempotent: true) == .seconds(1))
        #expect(policy.delay(after: failure(500, retryAfter: 1), retries: 0, isIdempotent: false) == nil)
    }

    @Test(arguments: [
        (TransportError.Kind.unreachable, true), (.connectionLost, true), (.timedOut, false), (.tls, false),
        (.cancelled, false), (.tooLarge, false),
    ])
    func `retries lost connections`(kind: TransportError.Kind, isRepeated: Bool) {
        let error = KubeError.transport(TransportError(kind, ""))
        #expect((policy.delay(after: error, retries: 0, isIdempotent: true) != nil) == isRepeated)
        #expect(policy.delay(after: error, retries: 0, isIdempotent: false) == nil)
    }

    @Test func `the delay doubles up to the cap`() {
        var long = policy
        long.limit = 1000
        let delays = [0, 1, 2, 5, 6, 999].map { long.delay(after: failure(503), retries: $0, isIdempotent: true) }
        #expect(
            delays == [
                .milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(6400), .seconds(10),
                .seconds(10),
            ])
        #expect(policy.delay(after: failure(503), retries: 4, isIdempotent: true) == nil)
    }

    @Test func `jitter reduces the delay by up to half`() {
        let jittered = RetryPolicy(random: { 0.5 })
        #expect(jittered.delay(after: failure(503), retries: 0, isIdempotent: true) == .milliseconds(150))
    }

    @Test func `does not wait longer than the cap`() {
        #expect(policy.delay(after: failure(429, retryAfter: 3600), retries: 0, isIdempotent: true) == nil)
        #expect(policy.delay(after: failure(429, retryAfter: .max), retries: 0, isIdempotent: true) == nil)
    }

    @Test func `does not wait for a future version`() {
        var status = APIStatus(
            code: 504, reason: "Timeout", message: "Too large resource version", retryAfterSeconds: 1)
        #expect(policy.delay(after: .status(status), retries: 0, isIdempotent: true) == nil)
        status.message = "etcd is slow"
        #expect(policy.delay(after: .status(status), retries: 0, isIdempotent: true) == .seconds(1))
    }
}
