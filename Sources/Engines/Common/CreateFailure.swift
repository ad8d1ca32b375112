public import KubeClient
public import TowlineAPI

/// The classified error of a failed create of a run, or of another object whose create starts work.
public enum CreateFailure: Hashable, Sendable {
    /// No run was created, and a retry may succeed; wait at least as long as the server asks.
    case transient(Reason, message: String, retryAfter: Duration?)
    /// No run was created, and a retry cannot succeed.
    case permanent(Reason, message: String)
    /// The name exists: our own run from an earlier request, or a foreign object.
    case nameTaken
    /// The run may have been created; a retry with the same name shows whether it was.
    case uncertain(Reason, message: String, retryAfter: Duration?)
}

extension CreateFailure {
    /// How long the server asks to wait before a retry; nil if it does not say.
    public var retryAfter: Duration? {
        switch self {
        case .transient(_, _, let duration), .uncertain(_, _, let duration): duration
        case .permanent, .nameTaken: nil
        }
    }

    /// Why there is no run; nil if its name is taken.
    public var reason: Reason? {
        switch self {
        case .transient(let reason, _, _), .permanent(let reason, _), .uncertain(let reason, _, _): reason
        case .nameTaken: nil
        }
    }

    /// The server's message; nil if the run's name is taken.
    public var message: String? {
        switch self {
        case .transient(_, let message, _), .permanent(_, let message), .uncertain(_, let message, _): message
        case .nameTaken: nil
        }
    }

    /// The reasons that a failure can have.
    public static let reasons: [Reason] = [
        .apiUnavailable, .engineUnavailable, .forbidden, .quotaExceeded, .webhookUnavailable, .rejected, .policyDenied,
        .namespaceTerminating,
    ]

    /// What was to be created, as far as the classification of an error depends on it.
    public struct Subject: Sendable {
        /// The word for it in messages: "run".
        let noun: String
        /// The message if the API server does not serve its type.
        let notServedMessage: String
        /// The domain of the webhooks that validate its type, so their denials are not policies; nil if it has none.
        let admissionDomain: String?

        public init(noun: String, notServedMessage: String, admissionDomain: String?) {
            self.noun = noun
            self.notServedMessage = notServedMessage
            self.admissionDomain = admissionDomain
        }
    }

    /// Classifies the error of a create of a run.
    public init(_ error: KubeError, creatingRunOf engine: any Engine) {
        let run = Subject(
            noun: "run", notServedMessage: engine.notServedMessage, admissionDomain: engine.admissionDomain)
        self.init(error, creating: run)
    }

    /// Classifies the error of a create.
    public init(_ error: KubeError, creating subject: Subject) {
        switch error {
        case .transport(let failure): self.init(failure)
        case .undecodable(let message):
            self = .uncertain(
                .apiUnavailable, message: "cannot decode the API server's answer: \(message)", retryAfter: nil)
        case .plainText(let code, let body, _):
            self.init(plainCode: code, body: body, retryAfter: error.retryAfter, subject)
        case .status(let status):
            self = StatusClassifier(status: status, subject: subject, retryAfter: error.retryAfter).failure
        }
        self = bounded
    }

    private init(_ error: TransportError) {
        switch error.kind {
        case .unreachable, .tls, .credential:
            self = .transient(.apiUnavailable, message: error.message, retryAfter: nil)
        case .timedOut, .connectionLost, .cancelled, .tooLarge:
            self = .uncertain(.apiUnavailable, message: error.message, retryAfter: nil)
        case .invalidRequest: self = .permanent(.rejected, message: error.message)
        }
    }

    /// Classifies a response that is not a `Status`: from a proxy, or from the server for an unknown path.
    private init(plainCode code: Int, body: String, retryAfter: Duration?, _ subject: Subject) {
        let message = body.isEmpty ? "HTTP \(code)" : "HTTP \(code): \(body)"
        switch code {
        case 404: self = .transient(.engineUnavailable, message: subject.notServedMessage, retryAfter: retryAfter)
        case 413: self = .permanent(.rejected, message: subject.tooLarge(message))
        case 400, 405, 422: self = .permanent(.rejected, message: message)
        case 403: self = .transient(.forbidden, message: message, retryAfter: retryAfter)
        case 401, 408, 429, 503: self = .transient(.apiUnavailable, message: message, retryAfter: retryAfter)
        default: self = .uncertain(.apiUnavailable, message: message, retryAfter: retryAfter)
        }
    }

    private var bounded: CreateFailure {
        func cut(_ message: String) -> String { message.bounded(to: Bounds.message) }
        return switch self {
        case .transient(let reason, let message, let delay):
            .transient(reason, message: cut(message), retryAfter: delay)
        case .permanent(let reason, let message): .permanent(reason, message: cut(message))
        case .nameTaken: .nameTaken
        case .uncertain(let reason, let message, let delay):
            .uncertain(reason, message: cut(message), retryAfter: delay)
        }
    }
}

extension CreateFailure.Subject {
    fileprivate func tooLarge(_ message: String) -> String {
        "the \(noun) is too large; use fewer or shorter parameters: \(message)"
    }
}

/// Classifies the `Status` of a failed create by its code, its causes, and known messages, in that order.
struct StatusClassifier {
    let status: APIStatus
    let subject: CreateFailure.Subject
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

    /// The run was rejected: as invalid by the API server or the engine's webhook, or by a policy.
    private var permanentFailure: CreateFailure {
        if let denial = AdmissionDenial(status.message), !isOwn(denial) {
            return .permanent(.policyDenied, message: denial.sentence)
        }
        return .permanent(.rejected, message: status.message)
    }

    private func isOwn(_ denial: AdmissionDenial) -> Bool {
        guard let domain = subject.admissionDomain, !denial.isPolicy else { return false }
        return denial.name == domain || denial.name.hasSuffix(".\(domain)")
    }

    private var forbiddenFailure: CreateFailure {
        if status.details.causes.contains(where: { $0.reason == "NamespaceTerminating" }) {
            return .permanent(.namespaceTerminating, message: status.message)
        }
        // Quota becomes available when a run ends, whether the API server or a webhook enforces it.
        if isAboutQuota { return transient(.quotaExceeded) }
        if AdmissionDenial(status.message) != nil { return permanentFailure }
        let message = status.message
        if message.hasSuffix("while custom resource definition is terminating") { return transient(.engineUnavailable) }
        // A retry succeeds once a cluster admin grants the permission.
        return transient(.forbidden)
    }

    /// Whether the message is about a quota; webhooks that enforce quotas repeat the API server's sentences.
    private var isAboutQuota: Bool {
        let sentences = [
            "exceeded quota: ", "status unknown for quota: ", "insufficient quota to match these scopes",
        ]
        return sentences.contains { status.message.contains($0) }
    }

    private var notFoundFailure: CreateFailure {
        // The namespace was deleted in the meantime, or has not reached this API server yet.
        if status.details.kind == "namespaces" { return transient(.apiUnavailable) }
        return .transient(.engineUnavailable, message: subject.notServedMessage, retryAfter: retryAfter)
    }

    /// Only `AlreadyExists` means that the name is taken; `Conflict` means that a quota changed at the same time.
    private var conflictFailure: CreateFailure {
        status.reason == "Conflict" ? transient(.quotaExceeded) : .nameTaken
    }

    /// If a webhook failed, nothing was stored, since admission precedes storage. For other errors that is unknown.
    private var serverFailure: CreateFailure {
        let texts = [status.message] + status.details.causes.map(\.message)
        if let text = texts.first(where: { $0.contains("failed calling webhook \"") }) {
            return .transient(.webhookUnavailable, message: text, retryAfter: retryAfter)
        }
        if texts.contains(where: { $0.contains("request is too large") }) {
            return .permanent(.rejected, message: subject.tooLarge(status.message))
        }
        return .uncertain(.apiUnavailable, message: status.message, retryAfter: retryAfter)
    }
}

/// The parsed message about a request that an admission webhook or policy denied.
///
/// The API server writes `admission webhook "NAME" denied the request: …` or
/// `ValidatingAdmissionPolicy 'NAME' with binding 'B' denied request: …`, after the name of the object.
struct AdmissionDenial: Hashable {
    /// The name of the webhook or policy.
    let name: String
    /// Whether a ValidatingAdmissionPolicy denied the request.
    let isPolicy: Bool
    /// The message from the name of the webhook or policy on.
    let sentence: String

    init?(_ message: String) {
        if let denial = Self.parse(message, "admission webhook \"", "\" denied the request") {
            (name, sentence, isPolicy) = (denial.name, denial.sentence, false)
        } else if let denial = Self.parse(message, "ValidatingAdmissionPolicy '", "'") {
            (name, sentence, isPolicy) = (denial.name, denial.sentence, true)
        } else {
            return nil
        }
    }

    private static func parse(
        _ message: String, _ opening: String, _ closing: String
    ) -> (name: String, sentence: String)? {
        var scanner = TextScanner(message)
        guard scanner.text(before: opening) != nil, let name = scanner.text(before: closing), !name.isEmpty,
            !name.contains(" "), let start = message.firstRange(of: opening)
        else { return nil }
        return (String(name), String(message[start.lowerBound...]))
    }
}
