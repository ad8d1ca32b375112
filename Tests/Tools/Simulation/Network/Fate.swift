import KubeClient

/// What happens to one request between client and server.
enum Fate {
    case arrives
    /// No connection: nothing was sent.
    case unreachable
    /// The connection breaks, before or after the server carried out the request.
    case connectionLost(applied: Bool)
    /// There is no answer; the server may have carried out the request.
    case silence(applied: Bool)
    /// The server, or a proxy, answers with an error; 504 may be sent although the write was done.
    case refused(HTTPResponse, applied: Bool)
    /// The connection breaks, and the request reaches the server later.
    case late(Duration)
    /// The process dies, before or after the server carried out the request.
    case crash(applied: Bool)
}

/// The probability of each kind of fault in one simulation.
struct FaultRates {
    var unreachable = 0.0
    var connectionLost = 0.0
    var silence = 0.0
    var refused = 0.0
    var late = 0.0
    /// For writes: the process dies at one.
    var crash = 0.0
    /// For open watches: the connection to the client dies unnoticed.
    var silentWatch = 0.0
    /// For requests that arrive: how many take seconds instead of milliseconds.
    var slow = 0.0

    static let none = FaultRates()

    /// A random mix: most simulations have a few kinds of faults, some have all, a few have none.
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

    /// A proxy that does not know Kubernetes and cannot reach the server.
    static let badGateway = Fate.refused(
        HTTPResponse(status: 502, body: Array("<html>Bad Gateway</html>".utf8)), applied: false)

    func fate(of request: HTTPRequest, random: SeededRandom) -> Fate {
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

    private static func refusal(of request: HTTPRequest, random: SeededRandom) -> Fate {
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
            // A proxy that does not know Kubernetes.
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
