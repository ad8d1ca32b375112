import TestSupport
import Testing

@testable import KubeClient

@Suite struct KubeErrorTests {
    private func status(_ code: Int, _ reason: String, _ rest: String = "") -> KubeError {
        KubeError(
            HTTPResponse(code, #"{"kind":"Status","apiVersion":"v1","reason":"\#(reason)","code":\#(code)\#(rest)}"#))
    }

    @Test func readsAllOfAStatus() {
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

    @Test func aMissingObjectIsNotAMissingType() {
        let object = status(404, "NotFound", #","details":{"name":"a","kind":"pipelineruns"}"#)
        #expect(object.isNotFoundObject && !object.isPlainNotFound)
        #expect(object.isNotFoundObject(named: "a") && !object.isNotFoundObject(named: "b"))
        let path = KubeError(HTTPResponse(404, "404 page not found\n"))
        #expect(path == .plainText(code: 404, body: "404 page not found", retryAfterSeconds: nil))
        #expect(path.isPlainNotFound && !path.isNotFoundObject)
        let type = status(404, "NotFound", #","details":{}"#)
        #expect(type.isPlainNotFound && !type.isNotFoundObject)
    }

    @Test func theHeaderFillsInTheTimeToWait() {
        let busy = KubeError(HTTPResponse(429, "slow down", headers: ["retry-after": "7"]))
        #expect(busy.retryAfter == .seconds(7) && busy.isTransient)
        let body = #"{"kind":"Status","details":{"retryAfterSeconds":2}}"#
        #expect(KubeError(HTTPResponse(429, body, headers: ["Retry-After": "7"])).retryAfter == .seconds(2))
        #expect(
            KubeError(HTTPResponse(503, "", headers: ["Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"])).retryAfter
                == nil)
        #expect(KubeError(HTTPResponse(503, "", headers: ["Retry-After": "-5"])).retryAfter == .zero)
    }

    @Test func versionsOutOfRangeAreTold() {
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
    func tellsWhatMayPass(code: Int, isTransient: Bool) {
        #expect(status(code, "").isTransient == isTransient)
        #expect(KubeError.plainText(code: code, body: "", retryAfterSeconds: nil).isTransient == isTransient)
    }

    @Test func aFullQuotaMayPass() {
        #expect(status(403, "Forbidden", #","message":"pods \"a\" is forbidden: exceeded quota: q""#).isTransient)
    }

    @Test(arguments: ["", "{", "[]", "null", #"{"kind":"Status","details":[]}"#, #"{"kind":"Pod"}"#, #"{"kind":1}"#])
    func foreignBodiesStayText(body: String) {
        #expect(KubeError(HTTPResponse(500, body)) == .plainText(code: 500, body: body, retryAfterSeconds: nil))
    }

    @Test func longTextsAreCut() {
        guard case .plainText(_, let body, _) = KubeError(HTTPResponse(500, String(repeating: "x", count: 10_000)))
        else {
            Issue.record("no plain text")
            return
        }
        #expect(body.utf8.count == 4096)
    }

    @Test func hugeNumbersAreClamped() {
        let error = status(429, "", #","details":{"retryAfterSeconds":9223372036854775807}"#)
        #expect(error.retryAfter == .seconds(Int.max))
    }
}
