/// Sends requests with libcurl on one thread.
///
/// - Unary requests share connections and use HTTP/2 over TLS if the server supports it. Each stream has its own
///   HTTP/1.1 connection, because libcurl buffers up to 32 MB of a paused HTTP/2 stream.
/// - libcurl silently sends a request again, including a POST, if a kept connection fails before the first byte of the
///   response. Creates must therefore be idempotent.
/// - After a 401 the credential source refreshes the credential; if it changed, the request is sent once more.
/// - Certificates are compared for each request: a new client certificate or authority means new connections.
/// - Only a proxy in the configuration is used; the environment is not read.
///
/// Limits: ten seconds to connect, the request's timeout for the rest, 8 MiB for a unary body after decompression,
/// 2 MiB for the body of a response to a write, 256 KiB for all heads of a response, and two bodies of more than 256 KiB
/// at a time, except for writes. A silently dead connection fails within 20 seconds.
public final class CurlTransport: HTTPTransport {
    private let address: ServerAddress
    private let tls: TLSConfiguration
    private let credentials: any CredentialSource
    private let impersonation: HTTPHeaders
    private let settings: CurlSettings
    private let mailbox: CurlMailbox
    private let budget = ReadBudget()
    private let completion = Completion()

    /// Starts the thread without opening a connection.
    ///
    /// - Parameter userAgent: for example `towline/1.0 (linux/amd64)`. API servers indent responses to names that start
    ///   with `curl`.
    /// - Throws: `invalidRequest` if the configuration is invalid, `unreachable` if the system cannot create a thread.
    public init(configuration: ClusterConfiguration, userAgent: String) throws(TransportError) {
        address = try ServerAddress(configuration.server)
        tls = configuration.tls
        credentials = configuration.credentials
        var headers = HTTPHeaders()
        for (name, value) in configuration.impersonation?.headers ?? [] { headers.append(name, value) }
        impersonation = headers
        settings = CurlSettings(
            address: address, serverName: tls.serverName, skipsVerification: tls.skipsVerification,
            proxyURL: configuration.proxyURL,
            asksForCompression: configuration.asksForCompression && !address.isLoopback,
            userAgent: userAgent)
        guard let mailbox = CurlMailbox() else { throw TransportError(.unreachable, "libcurl cannot be initialized") }
        self.mailbox = mailbox
        let (settings, completion) = (settings, completion)
        let isStarted = NativeThread.start(named: "kube-transport") {
            CurlLoop(mailbox: mailbox, settings: settings).run()
            completion.complete()
        }
        guard isStarted else { throw TransportError(.unreachable, "cannot create a thread for the transport") }
    }

    deinit {
        mailbox.post(.stop)
    }

    /// Fails all requests with `cancelled` and closes all connections.
    public func shutdown() async {
        mailbox.post(.stop)
        await completion.wait()
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let first = try await prepare(request, refresh: false)
        let response = try await exchange(first)
        guard response.status == 401 else { return response }
        let second = try await prepare(request, refresh: true)
        // The server would reject the same credential again.
        return second.credential == first.credential ? response : try await exchange(second)
    }

    public func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let first = try await prepare(request, refresh: false)
        let stream = try await begin(first)
        guard stream.status == 401 else { return stream }
        let second = try await prepare(request, refresh: true)
        guard second.credential != first.credential else { return stream }
        stream.body.cancel()
        return try await begin(second)
    }

    private func prepare(_ request: HTTPRequest, refresh: Bool) async throws(TransportError) -> CurlRequest {
        do {
            let credential = try await credentials.credential(refresh: refresh)
            let authority = try await tls.certificateAuthority?.certificates()
            let identity = CurlIdentity(authority: authority, certificate: credential.clientCertificate)
            return try CurlRequest(request, impersonation, credential: credential, identity: identity)
        } catch let error as TransportError {
            throw error
        } catch let error as CredentialError {
            throw TransportError(error == .cancelled ? .cancelled : .credential, error.description)
        } catch {
            throw TransportError(.credential, "\(error)")
        }
    }

    private func exchange(_ request: CurlRequest) async throws(TransportError) -> HTTPResponse {
        let budget = budget
        let deadline = ContinuousClock.now + request.timeout
        do throws(TransportError) {
            return try await perform { .unary(request, budget, nil, $0) }
        } catch {
            guard error == .overBudget else { throw error }
        }
        guard let lease = await budget.wait(until: deadline) else {
            if Task.isCancelled { throw TransportError(.cancelled, "the request was canceled") }
            throw TransportError(
                .timedOut,
                """
                \(address.authority): the response has more than \(ReadBudget.freeSize >> 10) KiB and had to wait for \
                other large responses until the request timed out
                """)
        }
        var again = request
        again.timeout = max(.milliseconds(1), ContinuousClock.now.duration(to: deadline))
        let second = again
        return try await perform { .unary(second, budget, lease, $0) }
    }

    private func begin(_ request: CurlRequest) async throws(TransportError) -> HTTPStream {
        let buffer = StreamBuffer()
        let id = mailbox.makeID()
        let head = try await perform(id) { .stream(request, buffer, $0) }
        return HTTPStream(
            status: head.status, headers: head.headers, body: CurlBody(id: id, buffer: buffer, mailbox: mailbox))
    }

    /// Passes a request to the thread and waits for its response; canceling the task cancels the request immediately.
    private func perform<Answer: Sendable>(
        _ id: UInt64? = nil, _ exchange: (@escaping CurlCompletion<Answer>) -> CurlExchange
    ) async throws(TransportError) -> Answer {
        let id = id ?? mailbox.makeID()
        let mailbox = mailbox
        let result: Result<Answer, TransportError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let exchange = exchange { continuation.resume(returning: $0) }
                guard mailbox.post(.start(id, exchange)) else {
                    return continuation.resume(returning: .failure(.shutDown))
                }
                // A cancellation before the start had no effect.
                if Task.isCancelled { mailbox.post(.cancel(id)) }
            }
        } onCancel: {
            mailbox.post(.cancel(id))
        }
        return try result.get()
    }
}
