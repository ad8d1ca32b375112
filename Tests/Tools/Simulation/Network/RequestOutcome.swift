import KubeClient

/// What happens to one request and its response.
enum RequestOutcome {
    case arrives
    /// The connection fails and nothing is sent.
    case unreachable
    /// The connection is lost before or after the server executes the request.
    case connectionLost(applied: Bool)
    /// No response arrives; the server may have executed the request.
    case silence(applied: Bool)
    /// The server or a proxy responds with an error, possibly after the server executed the request.
    case refused(HTTPResponse, applied: Bool)
    /// The connection is lost, and the request reaches the server later.
    case late(Duration)
    /// The process crashes before or after the server executes the request.
    case crash(applied: Bool)
}

/// The probabilities of the faults in one simulation.
struct FaultRates {
    var unreachable = 0.0
    var connectionLost = 0.0
    var silence = 0.0
    var refused = 0.0
    var late = 0.0
    /// Applies to writes: the process crashes.
    var crash = 0.0
    /// Applies to open watches: the connection dies silently.
    var silentWatch = 0.0
    /// Applies to requests that arrive: they take seconds instead of milliseconds.
    var slow = 0.0

    static let none = FaultRates()

    /// Draws a mix: most simulations have a few kinds of faults, some have all, and a few have none.
    init(random: SeededRandom) {
        let scale = random.pick([0, 0.3, 1, 1, 3])
        func rate(_ base: Double) -> Double { random.chance(0.6) ? base * scale * random.unit() : 0 }
        unreachable = rate(0.05)
        connectionLost = rate(0.08)
        silence = rate(0.02)
        refused = rate(0.10)
        late = rate(0.15)
        crash = rate(0.10)
        silentWatch = rate(0.15)
        slow = rate(0.25)
    }

    private init() {}

    /// The response of a proxy that does not understand Kubernetes and cannot reach the server.
    static let badGateway = RequestOutcome.refused(
        HTTPResponse(status: 502, body: Array("<html>Bad Gateway</html>".utf8)), applied: false)

    func outcome(of request: HTTPRequest, random: SeededRandom) -> RequestOutcome {
        let isWrite = request.method != .get
        var draw = random.unit()
        func hits(_ rate: Double) -> Bool {
            draw -= rate
            return draw < 0
        }
        if hits(unreachable) { return .unreachable }
        if hits(connectionLost) { return .connectionLost(applied: random.chance(0.5)) }
        if hits(silence) { return .silence(applied: random.chance(0.5)) }
        if hits(refused) { return Self.refusal(of: request, random: random) }
        if isWrite, hits(late) { return .late(random.duration(.milliseconds(100)...(.seconds(8)))) }
        if isWrite, hits(crash) { return .crash(applied: random.chance(0.5)) }
        return .arrives
    }

    private static func refusal(of request: HTTPRequest, random: SeededRandom) -> RequestOutcome {
        switch random.below(8) {
        case 0, 1:
            return .refused(Answer.status(429, "TooManyRequests", "too many requests", retryAfter: 1), applied: false)
        case 2:
            return .refused(
                Answer.status(500, "InternalError", "etcdserver: leader changed"), applied: random.chance(0.5))
        case 3:
            return .refused(
                Answer.status(503, "ServiceUnavailable", "the server is shutting down", retryAfter: 2), applied: false)
        case 4, 5:
            return .refused(
                Answer.status(504, "Timeout", "request did not complete within the requested timeout"),
                applied: random.chance(0.5))
        case 6:
            // A proxy that does not understand Kubernetes.
            let page = HTTPResponse(status: 502, body: Array("<html>Bad Gateway</html>".utf8))
            return .refused(page, applied: random.chance(0.5))
        default:
            guard request.method == .post,
                request.target.contains("/tekton.dev/") || request.target.contains("argoproj")
            else { return .refused(Answer.status(401, "Unauthorized", "Unauthorized"), applied: false) }
            let message = "pipelineruns is forbidden: exceeded quota: runs, requested: 1, used: 5, limited: 5"
            return .refused(Answer.status(403, "Forbidden", message), applied: false)
        }
    }
}
