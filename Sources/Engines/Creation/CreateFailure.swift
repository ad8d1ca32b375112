public import KubeClient
public import TowlineAPI

/// What the answer to a failed create means for an execution.
public enum CreateFailure: Hashable, Sendable {
    /// No run was made, and a later try may succeed: wait, at least as long as the server asks.
    case transient(Reason, message: String, retryAfter: Duration?)
    /// No run was made, and none will be without somebody mending something.
    case permanent(Reason, message: String)
    /// The name is taken: by our own run, sent twice or before a restart, or by a foreign object.
    case nameTaken
    /// The request may have been carried out: the next try under the same name tells.
    case uncertain(Reason, message: String, retryAfter: Duration?)
}

extension CreateFailure {
    /// How long the server asks to wait before the next try; nil where it does not.
    public var retryAfter: Duration? {
        switch self {
        case .transient(_, _, let duration), .uncertain(_, _, let duration): duration
        case .permanent, .nameTaken: nil
        }
    }

    /// Why there is no run; nil where its name is taken.
    public var reason: Reason? {
        switch self {
        case .transient(let reason, _, _), .permanent(let reason, _), .uncertain(let reason, _, _): reason
        case .nameTaken: nil
        }
    }

    /// What the server said; nil where the run's name is taken.
    public var message: String? {
        switch self {
        case .transient(_, let message, _), .permanent(_, let message), .uncertain(_, let message, _): message
        case .nameTaken: nil
        }
    }

    /// Every reason that a failure can have.
    public static let reasons: [Reason] = [
        .apiUnavailable, .engineUnavailable, .forbidden, .quotaExceeded, .webhookUnavailable, .rejected, .policyDenied,
        .namespaceTerminating,
    ]

    /// Classifies what a create of a run of `engine` answered.
    public init(_ error: KubeError, creatingRunOf engine: any Engine) {
        switch error {
        case .transport(let failure): self.init(failure)
        case .undecodable(let message):
            self = .uncertain(.apiUnavailable, message: "the answer cannot be read: \(message)", retryAfter: nil)
        case .plainText(let code, let body, _):
            self.init(plainCode: code, body: body, retryAfter: error.retryAfter, engine: engine)
        case .status(let status):
            self = StatusClassifier(status: status, engine: engine, retryAfter: error.retryAfter).failure
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

    /// An answer of something that does not speak the Kubernetes API: a proxy, or the server for a path it has not.
    private init(plainCode code: Int, body: String, retryAfter: Duration?, engine: any Engine) {
        let message = body.isEmpty ? "HTTP \(code)" : "HTTP \(code): \(body)"
        switch code {
        case 404: self = .transient(.engineUnavailable, message: engine.notServedMessage, retryAfter: retryAfter)
        case 413: self = .permanent(.rejected, message: "the run is too large: \(message)")
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
