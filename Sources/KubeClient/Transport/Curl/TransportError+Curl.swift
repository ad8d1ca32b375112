import CLibcurl

extension TransportError.Kind {
    /// What one of libcurl's codes means for the caller.
    init(_ code: CURLcode, wasSent: Bool) {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY,
            CURLE_OUT_OF_MEMORY:
            self = .unreachable
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CLIENTCERT, CURLE_SSL_INVALIDCERTSTATUS:
            self = .tls
        case CURLE_OPERATION_TIMEDOUT: self = wasSent ? .timedOut : .unreachable
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT: self = .invalidRequest
        case CURLE_FILESIZE_EXCEEDED: self = .tooLarge
        default: self = wasSent ? .connectionLost : .unreachable
        }
    }
}

extension Duration {
    /// Rounded down; clamped to the range of 64 bits.
    var wholeMilliseconds: Int64 {
        let (scaled, overflowed) = components.seconds.multipliedReportingOverflow(by: 1000)
        guard !overflowed else { return components.seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(components.attoseconds / 1_000_000_000_000_000)
        return carried ? scaled : sum
    }
}
