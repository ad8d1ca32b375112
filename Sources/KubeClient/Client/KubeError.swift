/// An error of a request to the API server.
public enum KubeError: Error, Sendable, Hashable {
    /// The server responded with a `Status`.
    case status(APIStatus)
    /// The response is an error without a `Status`, such as from a proxy or for an unknown path; the body is truncated
    /// to 4 KiB.
    case plainText(code: Int, body: String, retryAfterSeconds: Int?)
    /// No complete response arrived.
    case transport(TransportError)
    /// The request succeeded, but the response could not be decoded.
    case undecodable(String)
}

extension KubeError {
    /// The HTTP status code; nil without an error response.
    public var code: Int? {
        switch self {
        case .status(let status): status.code
        case .plainText(let code, _, _): code
        case .transport, .undecodable: nil
        }
    }

    /// The `Status` from the server.
    public var status: APIStatus? {
        if case .status(let status) = self { status } else { nil }
    }

    /// The object does not exist, although the server serves its resource type.
    public var isNotFoundObject: Bool { status?.isNotFoundObject ?? false }

    /// The object with this name does not exist, although the server serves its resource type.
    public func isNotFoundObject(named name: String) -> Bool {
        isNotFoundObject && status?.details.name == name
    }

    /// The server does not know the path, usually because the resource type is not installed.
    public var isPlainNotFound: Bool { code == 404 && !isNotFoundObject }

    public var isConflict: Bool { status?.isConflict ?? false }
    public var isAlreadyExists: Bool { status?.isAlreadyExists ?? false }
    public var isExpired: Bool { status?.isExpired ?? (code == 410) }
    public var isResourceVersionTooLarge: Bool { status?.isResourceVersionTooLarge ?? false }
    public var isQuotaExceeded: Bool { status?.isQuotaExceeded ?? false }

    /// The caller's task was canceled, or the transport was shut down.
    public var isCancelled: Bool {
        if case .transport(let error) = self { error.kind == .cancelled } else { false }
    }

    /// The delay that the server asks for before a retry.
    public var retryAfter: Duration? {
        switch self {
        case .status(let status): status.retryAfterSeconds.map { .seconds(max(0, $0)) }
        case .plainText(_, _, let seconds): seconds.map { .seconds(max(0, $0)) }
        case .transport, .undecodable: nil
        }
    }

    /// True if the same request can succeed later.
    ///
    /// This applies to 401, 408, 429 and all 5xx, an exhausted quota, and most transport errors.
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
    /// The error without text that can quote the request or an object: `403 Forbidden`.
    ///
    /// A webhook chooses the reason of its refusal, so only a reason that is a word is kept.
    public var kind: String {
        switch self {
        case .status(let status):
            status.reason.isWord ? "\(status.code) \(status.reason)" : "\(status.code)"
        case .plainText(let code, _, _): "\(code)"
        case .transport: description
        case .undecodable: "the response could not be decoded"
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
    /// The maximum size of an error text that is kept, in bytes.
    static let maximumPlainText = 4096

    /// Converts an error response.
    init(_ response: HTTPResponse) {
        let seconds = response.headers["Retry-After"].flatMap { Int($0) }
        guard var status = APIStatus(body: response.body) else {
            let text = String(decoding: response.body.prefix(Self.maximumPlainText), as: UTF8.self)
            self = .plainText(code: response.status, body: text.trimmedLineEnd, retryAfterSeconds: seconds)
            return
        }
        // The status line of the response takes precedence over the copy in the body.
        status.code = response.status
        status.retryAfterSeconds = status.retryAfterSeconds ?? seconds
        self = .status(status)
    }
}

extension String {
    /// True for one word of at most 40 ASCII letters, such as `AlreadyExists`.
    fileprivate var isWord: Bool {
        (1...40).contains(utf8.count)
            && utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }
    }

    /// The text without trailing line breaks.
    fileprivate var trimmedLineEnd: String {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }
}
