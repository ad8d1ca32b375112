import CLibcurl

/// A request in flight; used only on the transport's thread.
final class CurlTransfer {
    /// The maximum size of a unary body after decompression, in bytes: several objects of the largest size that etcd
    /// stores. A longer list is requested in smaller pages.
    static let maximumBody = 8 << 20
    /// The maximum size of the body of a response to a write, in bytes: more than the largest object that etcd stores.
    static let maximumBodyOfWrite = 2 << 20
    /// The size from which a body gets room for the largest one.
    private static let reservedFrom = 1 << 20
    /// The maximum size of all heads, in bytes: interim responses, the response, and trailers.
    static let maximumHead = 256 << 10

    let handle: CurlHandle
    private let exchange: CurlExchange
    private let address: ServerAddress
    /// The deadline for the head of a stream; nil for unary requests, whose timeout libcurl enforces.
    private(set) var headDeadline: ContinuousClock.Instant?
    private var response = HTTPResponse(status: 0)
    private var headSize = 0
    /// The part of the response that was too large, if any.
    private var excess: String?
    private var hasResponded = false
    private var lease: ResponseLease?
    /// True if the body needs a lease and none was free.
    private var isOverBudget = false

    init(_ exchange: CurlExchange, _ handle: CurlHandle, address: ServerAddress) {
        self.exchange = exchange
        self.handle = handle
        self.address = address
        lease = exchange.lease
    }

    var timeout: Duration { exchange.request.timeout }
    var isStream: Bool { exchange.isStream }

    /// Configures libcurl for the request and its response.
    ///
    /// - Parameter usesNewConnection: whether kept connections are ignored.
    func configure(_ settings: CurlSettings, usesNewConnection: Bool) {
        let request = exchange.request
        handle.set(CURLOPT_URL, address.url(request.target, naming: settings.serverName))
        let host = settings.serverName == nil ? [] : ["Host: \(address.authority)"]
        handle.setHeaders(host + request.headers)
        handle.set(CURLOPT_HTTPGET, 1)
        if !request.body.isEmpty || request.method == .post || request.method == .put {
            handle.set(CURLOPT_POST, 1)
            handle.setBody(request.body)
        }
        handle.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        let multiplexes = address.isSecure && !isStream
        handle.set(CURLOPT_HTTP_VERSION, multiplexes ? Int(CURL_HTTP_VERSION_2TLS) : Int(CURL_HTTP_VERSION_1_1))
        handle.set(CURLOPT_PIPEWAIT, multiplexes ? 1 : 0)
        handle.set(CURLOPT_FRESH_CONNECT, isStream || usesNewConnection ? 1 : 0)
        handle.set(CURLOPT_FORBID_REUSE, isStream ? 1 : 0)
        handle.set(CURLOPT_ACCEPT_ENCODING, isStream || !settings.asksForCompression ? nil : "gzip")
        let milliseconds = max(1, request.timeout.wholeMilliseconds)
        handle.set(CURLOPT_TIMEOUT_MS, isStream ? 0 : Int(clamping: milliseconds))
        if isStream { headDeadline = .now + request.timeout }
        // Tells the handle's callback for new sockets that this is a stream.
        _ = towline_curl_set_pointer(handle.easy, CURLOPT_SOCKOPTDATA, isStream ? handle.easy : nil)
        connectCallbacks()
    }

    private func connectCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = towline_curl_set_pointer(handle.easy, CURLOPT_WRITEDATA, context)
        _ = towline_curl_set_pointer(handle.easy, CURLOPT_HEADERDATA, context)
        // The loop keeps the transfer until libcurl releases the handle.
        _ = towline_curl_set_write(handle.easy, CURLOPT_WRITEFUNCTION) { data, size, count, context in
            guard let data, let context else { return 0 }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.receiveBody(UnsafeRawBufferPointer(start: data, count: size * count))
        }
        _ = towline_curl_set_write(handle.easy, CURLOPT_HEADERFUNCTION) { data, size, count, context in
            guard let data, let context else { return 0 }
            let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.receiveHeader(UnsafeRawBufferPointer(start: data, count: size * count)) ? size * count : 0
        }
    }

    /// Returns the number of accepted bytes, or a code that makes libcurl pause or fail.
    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let buffer = exchange.buffer {
            return buffer.offer(bytes) ? bytes.count : Int(CURL_WRITEFUNC_PAUSE)
        }
        let maximum = exchange.request.method == .get ? Self.maximumBody : Self.maximumBodyOfWrite
        guard bytes.count <= maximum - response.body.count else {
            excess = "more than \(maximum >> 20) MiB"
            return 0
        }
        if lease == nil, response.body.count + bytes.count > ReadBudget.freeSize {
            lease = exchange.budget?.take()
            if lease == nil, exchange.request.method == .get {
                isOverBudget = true
                return 0
            }
        }
        // Growing copies the body, so that both copies are in memory. Room that is not used takes only addresses.
        if response.body.count + bytes.count > response.body.capacity, response.body.count >= Self.reservedFrom {
            response.body.reserveCapacity(maximum)
        }
        response.body.append(contentsOf: bytes)
        return bytes.count
    }

    /// Adds one line to the head; false if the head is too large.
    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headSize += bytes.count
        guard headSize <= Self.maximumHead else {
            excess = "headers of more than \(Self.maximumHead >> 10) KiB"
            return false
        }
        let line = bytes.prefix { $0 != 0x0D && $0 != 0x0A }
        if line.starts(with: "HTTP/".utf8) {
            // Interim responses have a head too; the last one counts.
            let code = line.split(separator: 0x20).dropFirst().first.map { String(decoding: $0, as: UTF8.self) }
            response = HTTPResponse(status: code.flatMap { Int($0) } ?? 0)
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let value = line[line.index(after: colon)...].drop { $0 == 0x20 || $0 == 0x09 }
            response.headers.append(
                String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
        } else if line.isEmpty, response.status >= 200, exchange.buffer != nil {
            // A watch has no deadline, but the body of an error response does.
            if response.status == 200 { headDeadline = nil }
            respond(.success(response))
        }
        return true
    }

    private func respond(_ result: Result<HTTPResponse, TransportError>) {
        guard !hasResponded else { return }
        hasResponded = true
        exchange.completion(result)
    }

    /// Converts the result of libcurl.
    func result(_ code: CURLcode) -> Result<HTTPResponse, TransportError> {
        if code == CURLE_OK {
            response.lease = lease
            return .success(response)
        }
        if isOverBudget { return .failure(.overBudget) }
        if let excess {
            return .failure(TransportError(.tooLarge, "\(address.authority): the response has \(excess)"))
        }
        let kind = TransportError.Kind(code, wasSent: handle.hasSentRequest)
        return .failure(TransportError(kind, "\(address.authority): \(handle.message(code))"))
    }

    /// Passes the result to the caller or to the reader of the stream.
    func complete(_ result: Result<HTTPResponse, TransportError>) {
        respond(result)
        exchange.buffer?.end(result.map { _ in })
    }
}

extension TransportError.Kind {
    /// Converts an error code of libcurl.
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
    /// Milliseconds, rounded down and clamped to 64 bits.
    var wholeMilliseconds: Int64 {
        let (scaled, overflowed) = components.seconds.multipliedReportingOverflow(by: 1000)
        guard !overflowed else { return components.seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(components.attoseconds / 1_000_000_000_000_000)
        return carried ? scaled : sum
    }
}
