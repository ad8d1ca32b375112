import KubeClient
import TowlineAPI

/// Tells from a `Status` why a create failed: by its code first, its causes next, the server's fixed sentences last.
struct StatusClassifier {
    let status: APIStatus
    let engine: any Engine
    let retryAfter: Duration?

    var failure: CreateFailure {
        switch status.code {
        case 400, 402, 406, 413, 415, 422: permanentFailure
        case 401, 408, 429: transient(.apiUnavailable)
        case 403: forbiddenFailure
        case 404: notFoundFailure
        case 405: transient(.engineUnavailable)
        case 409: conflictFailure
        case 503: transient(.apiUnavailable)
        case 500...: serverFailure
        default: permanentFailure
        }
    }

    private func transient(_ reason: Reason) -> CreateFailure {
        .transient(reason, message: status.message, retryAfter: retryAfter)
    }

    /// The run itself was refused; the engine's own webhook checks validity, any other one a policy.
    private var permanentFailure: CreateFailure {
        if let denial = AdmissionDenial(status.message), !isOwn(denial) {
            return .permanent(.policyDenied, message: denial.sentence)
        }
        return .permanent(.rejected, message: status.message)
    }

    private func isOwn(_ denial: AdmissionDenial) -> Bool {
        guard let domain = engine.admissionDomain, !denial.isPolicy else { return false }
        return denial.name == domain || denial.name.hasSuffix(".\(domain)")
    }

    private var forbiddenFailure: CreateFailure {
        if status.details.causes.contains(where: { $0.reason == "NamespaceTerminating" }) {
            return .permanent(.namespaceTerminating, message: status.message)
        }
        // A quota frees itself when a run ends, also where a webhook keeps it in place of the API server.
        if saysQuota { return transient(.quotaExceeded) }
        if AdmissionDenial(status.message) != nil { return permanentFailure }
        let message = status.message
        if message.hasSuffix("while custom resource definition is terminating") { return transient(.engineUnavailable) }
        // A missing permission is mended by a cluster admin, and then the next try succeeds.
        return transient(.forbidden)
    }

    /// True for the API server's sentences about quotas, which webhooks that keep quotas repeat.
    private var saysQuota: Bool {
        let sentences = [
            "exceeded quota: ", "status unknown for quota: ", "insufficient quota to match these scopes",
        ]
        return sentences.contains { status.message.contains($0) }
    }

    private var notFoundFailure: CreateFailure {
        // The namespace went between the execution's appearing and now, or has not reached this server yet.
        if status.details.kind == "namespaces" { return transient(.apiUnavailable) }
        return .transient(.engineUnavailable, message: engine.notServedMessage, retryAfter: retryAfter)
    }

    /// Only `AlreadyExists` is about the name; a quota that was changed meanwhile answers `Conflict`.
    private var conflictFailure: CreateFailure {
        status.reason == "Conflict" ? transient(.quotaExceeded) : .nameTaken
    }

    /// Admission comes before storage: where a webhook failed, nothing was stored. Of other faults nobody knows.
    private var serverFailure: CreateFailure {
        let texts = [status.message] + status.details.causes.map(\.message)
        if let text = texts.first(where: { $0.contains("failed calling webhook \"") }) {
            return .transient(.webhookUnavailable, message: text, retryAfter: retryAfter)
        }
        if texts.contains(where: { $0.contains("request is too large") }) {
            return .permanent(.rejected, message: "the run is too large for the cluster: \(status.message)")
        }
        return .uncertain(.apiUnavailable, message: status.message, retryAfter: retryAfter)
    }
}
