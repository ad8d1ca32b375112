import KubeClient
import KubeRuntime

/// The network between the operator processes and the server, with delays, faults, partitions and server restarts.
///
/// Confined to the thread of one simulation.
final class Network: @unchecked Sendable {
    let time: VirtualTime
    let server: SimulatedServer
    private let random: SeededRandom
    private let history: History
    var rates = FaultRates.none
    /// The end of the API server's downtime, if it is down.
    private var downUntil: ContinuousClock.Instant?
    /// The disconnected or paused processes, and the end of that.
    private var cutOff: [Int: ContinuousClock.Instant] = [:]
    private var stopped: [Int: ContinuousClock.Instant] = [:]
    var crash: (Replica) -> Void = { _ in }
    /// Obstacles to some requests.
    var obstacles: Obstacles?
    /// Observes all requests and responses.
    var observer: (any RequestObserver)?
    /// Truncates the bodies of responses; nil if they arrive complete.
    var cutter: SeededRandom?
    /// The clock of a proxy that does not understand Kubernetes.
    var proxyClock: WallClock?
    /// Lets that proxy respond instead of the server sometimes; nil if there is no proxy.
    var proxy: SeededRandom?
    private(set) var requests = 0

    init(server: SimulatedServer, random: SeededRandom, history: History) {
        time = server.time
        self.server = server
        self.random = random
        self.history = history
    }

    func outcome(of request: HTTPRequest, from replica: Replica) -> RequestOutcome {
        requests += 1
        if let downUntil, time.now < downUntil { return .unreachable }
        if let until = cutOff[replica.number], time.now < until { return .silence(applied: false) }
        if let proxy, proxy.chance(0.05) { return FaultRates.badGateway }
        return rates.outcome(of: request, random: random)
    }

    /// The time until a request reaches the server, which includes a pause of the process.
    func latency(from replica: Replica) -> Duration {
        let base =
            random.chance(rates.slow)
            ? random.duration(.milliseconds(500)...(.seconds(6)))
            : random.duration(.microseconds(200)...(.milliseconds(8)))
        guard let until = stopped[replica.number], time.now < until else { return base }
        return max(base, time.now.duration(to: until))
    }

    func returnLatency() -> Duration {
        random.chance(rates.slow)
            ? random.duration(.milliseconds(500)...(.seconds(3)))
            : random.duration(.microseconds(200)...(.milliseconds(8)))
    }

    /// Makes some watches fall silent or end in the middle of an event after some time.
    func watch(_ watch: SimulatedWatch) {
        if let cutter, cutter.chance(0.2) {
            time.schedule(after: cutter.duration(.milliseconds(100)...(.seconds(30)))) { [weak self, weak watch] in
                // Half an event, and then the end.
                self?.server.watches.removeAll { $0 === watch }
                watch?.body.push(Array("{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"Pipe".utf8))
                watch?.body.finish()
            }
        }
        guard random.chance(rates.silentWatch) else { return }
        time.schedule(after: random.duration(.seconds(1)...(.seconds(60)))) { [weak watch] in watch?.isSilent = true }
    }

    /// Makes the server unreachable for a while; all watches end immediately.
    func restartServer(for duration: Duration, compacting: Bool) {
        downUntil = time.now.advanced(by: duration)
        if compacting { server.compact() }
        history.log("API server restarts for \(duration)\(compacting ? ", history compacted" : "")")
        server.cutWatches(TransportError(.connectionLost, "the server went away"))
    }

    func cutOff(_ replica: Int, for duration: Duration) {
        history.log("operator-\(replica) is cut off for \(duration)")
        cutOff[replica] = time.now.advanced(by: duration)
        for watch in server.watches where watch.owner == .operatorProcess(replica) { watch.isSilent = true }
    }

    func stop(_ replica: Int, for duration: Duration) {
        history.log("operator-\(replica) is stopped for \(duration)")
        stopped[replica] = time.now.advanced(by: duration)
    }

    /// Ends all faults, except for watches that are already silent and requests in flight.
    func heal() {
        rates = .none
        cutter = nil
        proxy = nil
        downUntil = nil
        cutOff = [:]
        stopped = [:]
    }

    /// Truncates some responses.
    func cut(_ response: HTTPResponse) -> HTTPResponse {
        guard let cutter, cutter.chance(0.08), response.body.count > 1 else { return response }
        var response = response
        response.body = Array(response.body.prefix(cutter.below(response.body.count)))
        return response
    }

    func record(_ replica: Replica, _ request: HTTPRequest, _ what: @autoclosure () -> String) {
        history.log("operator-\(replica.number) \(request.method.rawValue) \(request.target) \(what())")
    }
}

/// Observes the requests of all processes.
protocol RequestObserver: AnyObject {
    /// A process sent a request.
    func sent(_ request: HTTPRequest, _ target: RequestTarget, by replica: Replica)
    /// A request got a response with the objects of the UIDs `read`, or no response if `status` is nil.
    func answered(_ request: HTTPRequest, _ target: RequestTarget, by replica: Replica, status: Int?, read: [String])
    /// An obstacle rejected a request.
    func refused(_ request: HTTPRequest, _ target: RequestTarget, by obstacle: Obstacle)
}
