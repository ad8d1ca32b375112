import KubeClient
import KubeRuntime

/// The network between operator processes and server: delays, faults, partitions, and server restarts.
///
/// Confined to the thread of one simulation.
final class Network: @unchecked Sendable {
    let time: VirtualTime
    let server: SimulatedServer
    private let random: SeededRandom
    private let history: History
    var rates = FaultRates.none
    /// Set while the API server is down.
    private var downUntil: ContinuousClock.Instant?
    /// Processes that are cut off or suspended, and until when.
    private var cutOff: [Int: ContinuousClock.Instant] = [:]
    private var stopped: [Int: ContinuousClock.Instant] = [:]
    var crash: (Replica) -> Void = { _ in }
    /// Obstacles for some requests; nil without any.
    var obstacles: Obstacles?
    /// Is notified of each request that leaves a process, and of its answer.
    var witness: (any RequestWitness)?
    /// Cuts the bodies of answers; nil if they arrive complete.
    var cutter: SeededRandom?
    /// The clock of a proxy that does not know Kubernetes.
    var proxyClock: WallClock?
    /// Lets that proxy sometimes answer instead of the server; nil without one.
    var proxy: SeededRandom?
    private(set) var requests = 0

    init(server: SimulatedServer, random: SeededRandom, history: History) {
        time = server.time
        self.server = server
        self.random = random
        self.history = history
    }

    func fate(of request: HTTPRequest, from replica: Replica) -> Fate {
        requests += 1
        if let downUntil, time.now < downUntil { return .unreachable }
        if let until = cutOff[replica.number], time.now < until { return .silence(applied: false) }
        if let proxy, proxy.chance(0.05) { return FaultRates.badGateway }
        return rates.fate(of: request, random: random)
    }

    /// How long a request takes to the server: almost forever if its process is suspended.
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

    /// Lets the connections of some watches die after a while without a noticeable end.
    func watch(_ watch: SimulatedWatch) {
        if let cutter, cutter.chance(0.2) {
            time.schedule(after: cutter.duration(.milliseconds(100)...(.seconds(30)))) { [weak self, weak watch] in
                // Half an event, and nothing after it.
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
        history.note("API server restarts for \(duration)\(compacting ? ", history compacted" : "")")
        server.cutWatches(TransportError(.connectionLost, "the server went away"))
    }

    func cutOff(_ replica: Int, for duration: Duration) {
        history.note("operator-\(replica) is cut off for \(duration)")
        cutOff[replica] = time.now.advanced(by: duration)
        for watch in server.watches where watch.owner == .operatorProcess(replica) { watch.isSilent = true }
    }

    func stop(_ replica: Int, for duration: Duration) {
        history.note("operator-\(replica) is suspended for \(duration)")
        stopped[replica] = time.now.advanced(by: duration)
    }

    /// Ends all faults, except dead watches and requests in flight.
    func heal() {
        rates = .none
        cutter = nil
        proxy = nil
        downUntil = nil
        cutOff = [:]
        stopped = [:]
    }

    /// Sometimes cuts an answer.
    func cut(_ response: HTTPResponse) -> HTTPResponse {
        guard let cutter, cutter.chance(0.08), response.body.count > 1 else { return response }
        var response = response
        response.body = Array(response.body.prefix(cutter.below(response.body.count)))
        return response
    }

    func record(_ replica: Replica, _ request: HTTPRequest, _ what: @autoclosure () -> String) {
        history.note("operator-\(replica.number) \(request.method.rawValue) \(request.target) \(what())")
    }
}

/// Observes every request of every process.
protocol RequestWitness: AnyObject {
    /// A request left its process.
    func sent(_ request: HTTPRequest, _ target: RequestTarget, by replica: Replica)
    /// A request was answered; `read` are the UIDs of the objects in the answer. A nil status means that there was no answer.
    func answered(_ request: HTTPRequest, _ target: RequestTarget, by replica: Replica, status: Int?, read: [String])
    /// An obstacle rejected a request.
    func refused(_ request: HTTPRequest, _ target: RequestTarget, by obstacle: Obstacle)
}
