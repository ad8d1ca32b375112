import KubeClient
import KubeRuntime

/// What lies between the operator processes and the server: delays, faults, partitions, and a server that restarts.
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
    /// Processes that are cut off, or stopped, and until when.
    private var cutOff: [Int: ContinuousClock.Instant] = [:]
    private var stopped: [Int: ContinuousClock.Instant] = [:]
    var crash: (Replica) -> Void = { _ in }
    /// What stands in the way of some requests; nil where nothing ever does.
    var obstacles: Obstacles?
    /// Told of each request that leaves a process, and of what came back.
    var witness: (any RequestWitness)?
    /// Cuts the bodies of answers; nil where they arrive whole.
    var cutter: SeededRandom?
    /// The time of day of a proxy that knows nothing of Kubernetes.
    var proxyClock: WallClock?
    /// Lets that proxy answer instead of the server now and then; nil where there is none.
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

    /// How long a request takes to the server: for ever, nearly, where its process is stopped on the way.
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

    /// Lets the way of some watches die after a while, without an end that anybody would notice.
    func watch(_ watch: SimulatedWatch) {
        if let cutter, cutter.chance(0.2) {
            time.schedule(after: cutter.duration(.milliseconds(100)...(.seconds(30)))) { [weak self, weak watch] in
                // Half an event, and then nothing more.
                self?.server.watches.removeAll { $0 === watch }
                watch?.body.push(Array("{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"Pipe".utf8))
                watch?.body.finish()
            }
        }
        guard random.chance(rates.silentWatch) else { return }
        time.schedule(after: random.duration(.seconds(1)...(.seconds(60)))) { [weak watch] in watch?.isSilent = true }
    }

    /// Takes the server away for a while; all watches end at once.
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
        history.note("operator-\(replica) is stopped for \(duration)")
        stopped[replica] = time.now.advanced(by: duration)
    }

    /// Ends all trouble, but for watches that are dead already and requests that are on their way.
    func heal() {
        rates = .none
        cutter = nil
        proxy = nil
        downUntil = nil
        cutOff = [:]
        stopped = [:]
    }

    /// Cuts an answer somewhere, now and then.
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

/// Somebody who sees every request of every process.
protocol RequestWitness: AnyObject {
    /// A request left its process.
    func sent(_ request: HTTPRequest, _ target: RequestTarget, by replica: Replica)
    /// A request was answered; `read` are the UIDs of what the answer tells. A nil status stands for no answer.
    func answered(_ request: HTTPRequest, _ target: RequestTarget, by replica: Replica, status: Int?, read: [String])
    /// An obstacle refused what a request asked for.
    func refused(_ request: HTTPRequest, _ target: RequestTarget, by obstacle: Obstacle)
}
