import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// How each answer to a create is classified; the messages are the API server's.
@Suite struct CreateFailureTests {
    private enum Kind: String { case transient, permanent, nameTaken, uncertain }

    private func classify(_ error: KubeError, _ engine: any Engine = TektonEngine()) -> (Kind, Reason?, String) {
        switch CreateFailure(error, creatingRunOf: engine) {
        case .transient(let reason, let message, _): (.transient, reason, message)
        case .permanent(let reason, let message): (.permanent, reason, message)
        case .nameTaken: (.nameTaken, nil, "")
        case .uncertain(let reason, let message, _): (.uncertain, reason, message)
        }
    }

    private func expect(_ error: KubeError, _ kind: Kind, _ reason: Reason?, _ engine: any Engine = TektonEngine()) {
        let found = classify(error, engine)
        #expect(found.0 == kind, "\(error)")
        #expect(found.1 == reason, "\(error)")
        if let reason { #expect(CreateFailure.reasons.contains(reason), "it is among those that are announced") }
    }

    private func status(
        _ code: Int, _ reason: String, _ message: String, causes: [(String, String)] = [], kind: String = ""
    ) -> KubeError {
        var status = APIStatus(code: code, reason: reason, message: message)
        status.details.kind = kind
        status.details.causes = causes.map { reason, message in
            var cause = APIStatus.Cause()
            (cause.reason, cause.message) = (reason, message)
            return cause
        }
        return .status(status)
    }

    @Test func `classifies the API server's statuses`() {
        expect(
            status(503, "ServiceUnavailable", "before all known HTTP paths have been installed"), .transient,
            .apiUnavailable)
        expect(status(429, "TooManyRequests", "too many requests"), .transient, .apiUnavailable)
        expect(status(401, "Unauthorized", "Unauthorized"), .transient, .apiUnavailable)
        expect(
            status(403, "Forbidden", "create not allowed while custom resource definition is terminating"), .transient,
            .engineUnavailable)
        expect(
            status(405, "MethodNotAllowed", "create not allowed while custom resource definition is terminating"),
            .transient, .engineUnavailable)
        expect(status(404, "NotFound", #"namespaces "n" not found"#, kind: "namespaces"), .transient, .apiUnavailable)
        expect(
            status(404, "NotFound", "the server could not find the requested resource"), .transient, .engineUnavailable)
        expect(
            status(
                403, "Forbidden", "unable to create new content in namespace n because it is being terminated",
                causes: [("NamespaceTerminating", "namespace n is being terminated")]), .permanent,
            .namespaceTerminating)
        expect(
            status(
                403, "Forbidden",
                #"pipelineruns.tekton.dev is forbidden: User "u" cannot create resource "pipelineruns""#), .transient,
            .forbidden)
        expect(
            status(
                403, "Forbidden", "exceeded quota: q, requested: count/pipelineruns.tekton.dev=1, used: 1, limited: 1"),
            .transient, .quotaExceeded)
        expect(status(403, "Forbidden", "status unknown for quota: q, resources: count/x"), .transient, .quotaExceeded)
        expect(status(409, "AlreadyExists", #"pipelineruns.tekton.dev "r" already exists"#), .nameTaken, nil)
        expect(
            status(409, "Conflict", #"Operation cannot be fulfilled on resourcequotas "q""#), .transient, .quotaExceeded
        )
        expect(status(422, "Invalid", "PipelineRun.tekton.dev is invalid"), .permanent, .rejected)
        expect(status(400, "BadRequest", #"strict decoding error: unknown field "spec.x""#), .permanent, .rejected)
        expect(status(413, "RequestEntityTooLarge", "limit is 3145728"), .permanent, .rejected)
        expect(status(500, "InternalError", "etcdserver: request is too large"), .permanent, .rejected)
        expect(status(500, "InternalError", "etcdserver: request timed out"), .uncertain, .apiUnavailable)
        expect(
            status(504, "Timeout", "Timeout: request did not complete within requested timeout"), .uncertain,
            .apiUnavailable)
    }

    @Test func `distinguishes the engine's own webhook from policies`() {
        let own =
            #"admission webhook "validation.webhook.pipeline.tekton.dev" denied the request: validation failed: expected exactly one, got both: spec.pipelineRef"#
        expect(status(400, "BadRequest", own), .permanent, .rejected)
        expect(status(400, "BadRequest", own), .permanent, .policyDenied, ArgoEngine())
        expect(
            status(
                400, "BadRequest",
                #"admission webhook "webhook.pipeline.tekton.dev" denied the request: mutation failed: cannot decode"#),
            .permanent, .rejected)
        let foreign = classify(
            status(
                403, "Forbidden",
                #"admission webhook "validation.gatekeeper.sh" denied the request: [no-bundles] not allowed"#))
        #expect(
            foreign == (
                .permanent, .policyDenied,
                #"admission webhook "validation.gatekeeper.sh" denied the request: [no-bundles] not allowed"#
            ))
        let policy = classify(
            status(
                422, "Invalid",
                #"pipelineruns.tekton.dev "r" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'b' denied request: pin it"#
            ))
        #expect(
            policy == (
                .permanent, .policyDenied,
                "ValidatingAdmissionPolicy 'no-latest' with binding 'b' denied request: pin it"
            ))
        // A webhook whose name merely contains the engine's domain is not the engine's webhook.
        expect(
            status(400, "BadRequest", #"admission webhook "notwebhook.pipeline.tekton.dev" denied the request: x"#),
            .permanent, .policyDenied)
    }

    /// Quota becomes available again, also if a webhook enforces it; any other denial by a webhook is final.
    @Test(arguments: [
        #"pipelineruns.tekton.dev "x" is forbidden: exceeded quota: team, requested: count/pipelineruns.tekton.dev=1, used: count/pipelineruns.tekton.dev=20, limited: count/pipelineruns.tekton.dev=20"#,
        "exceeded quota: team", "status unknown for quota: team, resources: count/x",
    ])
    func `waits for a quota that a webhook enforces`(_ sentence: String) {
        let denial = #"admission webhook "resourcesquotas.quota.kubesphere.io" denied the request: "#
        for engine in EngineRegistry.all {
            expect(status(403, "Forbidden", denial + sentence), .transient, .quotaExceeded, engine)
            expect(status(403, "Forbidden", denial + "no quota for you"), .permanent, .policyDenied, engine)
        }
    }

    @Test func `names a webhook that is down`() {
        let text =
            #"Internal error occurred: failed calling webhook "webhook.pipeline.tekton.dev": failed to call webhook: Post "https://x": no endpoints"#
        #expect(classify(status(500, "InternalError", text)) == (.transient, .webhookUnavailable, text))
        let cause = status(500, "InternalError", "Internal error occurred", causes: [("", text)])
        #expect(classify(cause) == (.transient, .webhookUnavailable, text))
    }

    /// These messages contain names that users chose, which must not affect the result.
    @Test func `is not misled by names that contain server messages`() {
        expect(
            status(
                403, "Forbidden",
                #"pipelineruns.tekton.dev "exceeded-quota" is forbidden: User "s" cannot create resource"#), .transient,
            .forbidden)
        expect(status(422, "Invalid", #"PipelineRun "failed-calling-webhook" is invalid"#), .permanent, .rejected)
    }

    @Test func `classifies answers that are not from the API server`() {
        let plain = classify(.plainText(code: 404, body: "404 page not found", retryAfterSeconds: nil))
        #expect(plain.0 == .transient && plain.1 == .engineUnavailable)
        #expect(plain.2.contains("pipelineruns of tekton.dev/v1"))
        for (code, kind, reason) in [
            (502, Kind.uncertain, Reason.apiUnavailable), (503, .transient, .apiUnavailable),
            (500, .uncertain, .apiUnavailable),
            (429, .transient, .apiUnavailable), (403, .transient, .forbidden), (413, .permanent, .rejected),
            (400, .permanent, .rejected), (302, .uncertain, .apiUnavailable),
        ] { expect(.plainText(code: code, body: "x", retryAfterSeconds: nil), kind, reason) }
    }

    @Test func `treats a lost answer as a create that may have succeeded`() {
        for (kind, expected) in [
            (TransportError.Kind.unreachable, Kind.transient), (.tls, .transient), (.credential, .transient),
            (.timedOut, .uncertain), (.connectionLost, .uncertain), (.cancelled, .uncertain), (.tooLarge, .uncertain),
        ] { expect(.transport(TransportError(kind, "x")), expected, .apiUnavailable) }
        expect(.transport(TransportError(.invalidRequest, "x")), .permanent, .rejected)
        expect(.undecodable("x"), .uncertain, .apiUnavailable)
    }

    @Test func `keeps Retry-After and bounds messages`() {
        var status = APIStatus(code: 429, reason: "TooManyRequests", message: String(repeating: "x", count: 5000))
        status.retryAfterSeconds = 7
        guard case .transient(_, let message, let delay) = CreateFailure(.status(status), creatingRunOf: ArgoEngine())
        else {
            Issue.record("not transient")
            return
        }
        #expect(delay == .seconds(7))
        #expect(message.utf8.count == 1024)
    }
}
