import CLibcurl
import Glibc

/// A libcurl easy handle for one server and one TLS identity; used only on the transport's thread.
final class CurlHandle {
    let easy: UnsafeMutableRawPointer
    let identity: CurlIdentity
    private let errorText: UnsafeMutablePointer<CChar>
    private var lists: [UnsafeMutablePointer<curl_slist>] = []

    /// Nil if memory is exhausted.
    init?(_ identity: CurlIdentity, _ settings: CurlSettings) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.identity = identity
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        _ = towline_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_USERAGENT, settings.userAgent)
        setUpConnection(settings)
        setUpTLS(settings)
    }

    deinit {
        curl_easy_cleanup(easy)
        freeLists()
        errorText.deallocate()
    }

    private func setUpConnection(_ settings: CurlSettings) {
        set(CURLOPT_CONNECTTIMEOUT_MS, 10_000)
        _ = towline_curl_set_socket(easy, CURLOPT_SOCKOPTFUNCTION) { context, socket, _ in
            TCPKeepAlive.enable(on: socket)
            if context != nil { StreamSocket.limitBuffer(of: socket) }
            return Int32(CURL_SOCKOPT_OK)
        }
        // Empty strings disable the defaults that libcurl takes from the environment.
        let proxy = settings.proxyURL.map { ProxyAddress($0) }
        set(CURLOPT_PROXY, proxy?.url ?? "")
        if let credentials = proxy?.credentials { set(CURLOPT_PROXYUSERPWD, credentials) }
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if let name = settings.serverName {
            let address = settings.address
            let (from, to) = (ServerAddress.bracketed(name), ServerAddress.bracketed(address.host))
            set(CURLOPT_CONNECT_TO, ["\(from):\(address.port):\(to):\(address.port)"])
        }
    }

    private func setUpTLS(_ settings: CurlSettings) {
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if settings.skipsVerification {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let authority = identity.authority { set(CURLOPT_CAINFO_BLOB, authority) }
        if let certificate = identity.certificate {
            set(CURLOPT_SSLCERT_BLOB, certificate.certificate)
            set(CURLOPT_SSLKEY_BLOB, certificate.key)
        }
    }

    func set(_ option: CURLoption, _ value: Int) {
        _ = towline_curl_set_long(easy, option, value)
    }

    /// Sets a string, which libcurl copies; nil unsets it.
    func set(_ option: CURLoption, _ value: String?) {
        _ = towline_curl_set_string(easy, option, value)
    }

    private func set(_ option: CURLoption, _ value: [UInt8]) {
        var value = value
        value.withUnsafeMutableBytes { bytes in
            _ = towline_curl_set_blob(easy, option, bytes.baseAddress, bytes.count)
        }
    }

    /// Sets a list, which is freed with the handle or by the next `setHeaders`.
    private func set(_ option: CURLoption, _ lines: [String]) {
        guard let list = Self.list(lines) else { return }
        lists.append(list)
        _ = towline_curl_set_list(easy, option, list)
    }

    private var headers: UnsafeMutablePointer<curl_slist>?

    func setHeaders(_ lines: [String]) {
        let list = Self.list(lines)
        _ = towline_curl_set_list(easy, CURLOPT_HTTPHEADER, list)
        curl_slist_free_all(headers)
        headers = list
    }

    private func freeLists() {
        curl_slist_free_all(headers)
        for list in lists { curl_slist_free_all(list) }
    }

    private static func list(_ lines: [String]) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = curl_slist_append(list, line) ?? list }
        return list
    }

    func setBody(_ body: [UInt8]) {
        _ = towline_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        var body = body
        body.withUnsafeMutableBytes { bytes in
            _ = towline_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
        }
    }

    /// Resumes a paused transfer.
    func resume() {
        curl_easy_pause(easy, Int32(CURLPAUSE_CONT))
    }

    /// Resets the handle for the next transfer.
    func detach() {
        _ = towline_curl_set_pointer(easy, CURLOPT_WRITEDATA, nil)
        _ = towline_curl_set_pointer(easy, CURLOPT_HEADERDATA, nil)
        setHeaders([])
        setBody([])
        errorText.pointee = 0
    }

    /// The message of libcurl for an error.
    func message(_ code: CURLcode) -> String {
        errorText.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
    }

    /// True if a request was sent to the server.
    var hasSentRequest: Bool {
        var size = 0
        return towline_curl_get_long(easy, CURLINFO_REQUEST_SIZE, &size) == CURLE_OK && size > 0
    }
}

/// A validated request with all settings for libcurl.
struct CurlRequest: Sendable {
    let method: HTTPMethod
    let target: String
    /// Complete header lines.
    let headers: [String]
    let body: [UInt8]
    var timeout: Duration
    let credential: Credential
    let identity: CurlIdentity

    init(
        _ request: HTTPRequest, _ impersonation: HTTPHeaders, credential: Credential, identity: CurlIdentity
    ) throws(TransportError) {
        guard request.target.utf8.first == UInt8(ascii: "/"),
            request.target.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw TransportError(.invalidRequest, "the target \"\(request.target)\" is not percent-encoded") }
        method = request.method
        target = request.target
        body = request.body
        timeout = request.timeout
        self.credential = credential
        self.identity = identity
        // Otherwise libcurl sends `Expect: 100-continue` before a large body and waits a second for servers that ignore
        // it.
        var lines = ["Expect:"]
        try Self.append("Accept", request.accept, to: &lines)
        if let contentType = request.contentType { try Self.append("Content-Type", contentType, to: &lines) }
        if let authorization = credential.authorization {
            try Self.append("Authorization", authorization, to: &lines)
        }
        for field in impersonation.fields + request.headers.fields {
            try Self.append(field.name, field.value, to: &lines)
        }
        headers = lines
    }

    private static func append(_ name: String, _ value: String, to lines: inout [String]) throws(TransportError) {
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !name.isEmpty
        else { throw TransportError(.invalidRequest, "the header \"\(name)\" contains control characters") }
        // libcurl treats a line that ends with a colon as a request to remove the header.
        lines.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
}

/// The certificates of a TLS connection; other certificates need another connection.
struct CurlIdentity: Hashable, Sendable {
    let authority: [UInt8]?
    let certificate: ClientCertificate?
}

/// The settings of all requests to one server.
struct CurlSettings: Sendable {
    let address: ServerAddress
    let serverName: String?
    let skipsVerification: Bool
    let proxyURL: String?
    let asksForCompression: Bool
    let userAgent: String
}

/// The kernel's buffer for a stream that is read more slowly than it is sent.
enum StreamSocket {
    /// The size in bytes, which the kernel doubles; by default it grows to 6 MiB, which count as memory of the pod.
    static let receiveBuffer: Int32 = 128 << 10

    static func limitBuffer(of socket: Int32) {
        var size = receiveBuffer
        setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
}

/// A proxy as libcurl gets it: without user name and password in the URL, which libcurl quotes in errors.
struct ProxyAddress: Hashable, Sendable {
    let url: String
    /// `user:password`, percent-encoded; nil if the URL has none.
    let credentials: String?

    init(_ text: String) {
        let end = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        // Let a SOCKS proxy resolve the server's name, as Go does, because sometimes only the proxy can.
        let scheme = text[..<end] == "socks5://" ? "socks5h://" : text[..<end]
        guard let at = text[end...].lastIndex(of: "@") else {
            url = "\(scheme)\(text[end...])"
            credentials = nil
            return
        }
        url = "\(scheme)\(text[text.index(after: at)...])"
        credentials = String(text[end..<at])
    }
}

/// Detects peers that disappeared without closing their connection.
///
/// After ten seconds without a byte the system sends a probe every five seconds. If data or probes remain
/// unacknowledged for 15 seconds, the connection fails. Detection takes at most 20 seconds.
enum TCPKeepAlive {
    static let idleSeconds: Int32 = 10
    static let probeSeconds: Int32 = 5
    static let unacknowledgedMilliseconds: Int32 = 15_000

    /// Configures a TCP socket; options that the system does not support are ignored.
    static func enable(on socket: Int32) {
        set(socket, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPIDLE, idleSeconds)
        set(socket, Int32(IPPROTO_TCP), TCP_KEEPINTVL, probeSeconds)
        set(socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, unacknowledgedMilliseconds)
    }

    private static func set(_ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
