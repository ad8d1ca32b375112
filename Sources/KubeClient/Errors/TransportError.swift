/// Why no answer, or only a part of one, came back from the server.
public struct TransportError: Error, Sendable, Hashable {
    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public enum Kind: Sendable, Hashable {
        /// The name did not resolve or nobody answered; the request was not sent.
        case unreachable
        /// The handshake failed or a certificate was refused; the request was not sent.
        case tls
        /// The time for the request is over; it may have been carried out.
        case timedOut
        /// The connection broke; the request may have been carried out.
        case connectionLost
        /// The caller's task was cancelled or the transport was shut down.
        case cancelled
        /// The answer is larger than the transport's bound.
        case tooLarge
        /// The request or the configuration cannot be sent as it is.
        case invalidRequest
        /// No credential could be had; the request was not sent.
        case credential
    }

    /// True when a later try may succeed without anybody mending the request.
    public var isTransient: Bool {
        switch kind {
        case .unreachable, .tls, .timedOut, .connectionLost, .credential: true
        case .cancelled, .tooLarge, .invalidRequest: false
        }
    }
}

extension TransportError: CustomStringConvertible {
    public var description: String { message }
}
