/// Why a verb did not do what was asked.
public enum KubeError: Error, Sendable, Hashable {
    /// The server refused and said why in its own form.
    case status(APIStatus)
    /// Somebody refused who does not speak the Kubernetes API, or knows no such path; the body is cut at 4 KiB.
    case plainText(code: Int, body: String, retryAfterSeconds: Int?)
    /// No complete answer came back.
    case transport(TransportError)
    /// The server answered with success and a text that is not what was asked for.
    case undecodable(String)
}

extension KubeError {
    /// The HTTP status code; nil when there was no answer, or none with an error.
    public var code: Int? {
        switch self {
        case .status(let status): status.code
        case .plainText(let code, _, _): code
        case .transport, .undecodable: nil
        }
    }

    /// The server's own `Status`.
    public var status: APIStatus? {
        if case .status(let status) = self { status } else { nil }
    }

    /// The server said that this one object does not exist, while it serves the object's type.
    public var isNotFoundObject: Bool { status?.isNotFoundObject ?? false }

    /// The server said that the object of this name does not exist, while it serves the object's type.
    public func isNotFoundObject(named name: String) -> Bool {
        isNotFoundObject && status?.details.name == name
    }

    /// The server knows no such path: most often the resource type is not installed.
    public var isPlainNotFound: Bool { code == 404 && !isNotFoundObject }

    public var isConflict: Bool { status?.isConflict ?? false }
    public var isAlreadyExists: Bool { status?.isAlreadyExists ?? false }
    public var isExpired: Bool { status?.isExpired ?? (code == 410) }
    public var isResourceVersionTooLarge: Bool { status?.isResourceVersionTooLarge ?? false }
    public var isQuotaExceeded: Bool { status?.isQuotaExceeded ?? false }

    /// The caller's task was cancelled, or the transport was shut down.
    public var isCancelled: Bool {
        if case .transport(let error) = self { error.kind == .cancelled } else { false }
    }

    /// How long the server asks to wait before the next try.
    public var retryAfter: Duration? {
        switch self {
        case .status(let status): status.retryAfterSeconds.map { .seconds(max(0, $0)) }
        case .plainText(_, _, let seconds): seconds.map { .seconds(max(0, $0)) }
        case .transport, .undecodable: nil
        }
    }

    /// True when the same request may succeed later without anybody mending it.
    ///
    /// That is so for 401, 408, 429 and all of 5xx, for a full quota, and for all trouble on the way.
    public var isTransient: Bool {
        switch self {
        case .transport(let error): error.isTransient
        case .undecodable: false
        case .status, .plainText:
            switch code {
            case 401, 408, 429: true
            case let code?: code >= 500 || isQuotaExceeded
            case nil: false
            }
        }
    }
}

extension KubeError {
    /// The error without the words of whoever refused, which may repeat what they refused: `403 Forbidden`.
    public var kind: String {
        switch self {
        case .status(let status): status.reason.isEmpty ? "\(status.code)" : "\(status.code) \(status.reason)"
        case .plainText(let code, _, _): "\(code)"
        case .transport, .undecodable: description
        }
    }
}

extension KubeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .status(let status): "\(status)"
        case .plainText(let code, let body, _): body.isEmpty ? "\(code)" : "\(code): \(body)"
        case .transport(let error): "\(error)"
        case .undecodable(let message): message
        }
    }
}

extension KubeError {
    /// The most of a foreign error text that is kept.
    static let maximumPlainText = 4096

    /// Reads an answer whose status is not a success.
    init(_ response: HTTPResponse) {
        let seconds = response.headers["Retry-After"].flatMap { Int($0) }
        guard var status = APIStatus(body: response.body) else {
            let text = String(decoding: response.body.prefix(Self.maximumPlainText), as: UTF8.self)
            self = .plainText(code: response.status, body: text.trimmedLineEnd, retryAfterSeconds: seconds)
            return
        }
        // The line of the answer rules over the body's copy.
        status.code = response.status
        status.retryAfterSeconds = status.retryAfterSeconds ?? seconds
        self = .status(status)
    }
}

extension String {
    /// The text without the line ends it closes with.
    fileprivate var trimmedLineEnd: String {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }
}
