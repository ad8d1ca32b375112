import KubeClient
import TestSupport

@testable import KubeRuntime

/// Several candidates, each with a clock of its own, one API server, and a network that may do anything.
///
/// Requests and answers are delayed, dropped and doubled, watch events come late, in any order or never, processes end
/// and start again. Everything follows from the seed.
struct ElectionModel {
    /// The most that clocks and the network do wrong.
    struct Faults {
        /// The slowest and the fastest clock, in seconds of its own for one of true time.
        var clockRates = 1.0...1.0
        /// Chance of a message to be lost.
        var loss = 0.0
        /// Chance of a request to arrive twice.
        var duplication = 0.0
        /// The longest way of a message, in seconds of true time.
        var delay = 0.1
        /// Chance, at each step, that somebody ends a process, asks it to stop, or edits the lease.
        var disturbance = 0.0
    }

    enum Message {
        case request(ElectionMachine.Next, from: Int, life: Int, turn: Int)
        case event(ElectionMachine.Event, to: Int, life: Int, request: Int?)
        case wake(Int, life: Int, turn: Int)
        case restart(Int)
    }

    struct Candidate {
        var machine: ElectionMachine
        var life = 0
        /// Counts what was asked for, so that late answers and timers are told from current ones.
        var turn = 0
        var isWaiting = false
        var inbox: [ElectionMachine.Event] = []
        var trust: ElectionMachine.Trust?
        var rate: Double
    }

    var faults: Faults
    var random: SplitMix
    var now = 0.0
    var agenda: [(time: Double, number: Int, message: Message)] = []
    var counter = 0
    var candidates: [Candidate] = []
    var lease: Lease?
    var version = 0
    var terms = 0
    /// The first moment at which two tokens were valid.
    var violation: String?

    static let origin = ContinuousClock.now
    static let settings = ElectionSettings(
        lease: ObjectKey(namespace: "ns", name: "op"), identity: "", timing: .standard)

    init(candidates count: Int, faults: Faults, seed: UInt64) {
        self.faults = faults
        random = SplitMix(seed: seed)
        for index in 0..<count {
            let rate = Double.random(in: faults.clockRates, using: &random)
            candidates.append(Candidate(machine: Self.machine(index, 0), rate: rate))
            post(.event(.start, to: index, life: 0, request: 0), after: Double.random(in: 0...3, using: &random))
        }
    }

    static func machine(_ index: Int, _ life: Int) -> ElectionMachine {
        ElectionMachine(identity: "candidate-\(index)-\(life)", timing: settings.timing)
    }

    /// What a candidate's own clock says.
    func clock(_ index: Int) -> ContinuousClock.Instant {
        Self.origin.advanced(by: .seconds(now * candidates[index].rate + Double(index) * 1000))
    }

    var leaders: [Int] {
        candidates.indices.filter { index in
            candidates[index].trust.map { clock(index) < $0.validUntil } ?? false
        }
    }

    mutating func post(_ message: Message, after delay: Double) {
        counter += 1
        agenda.append((now + delay, counter, message))
    }

    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }

    /// One way of a message over the network; most are fast.
    mutating func way() -> Double {
        chance(0.8)
            ? Double.random(in: 0...(faults.delay / 20), using: &random)
            : Double.random(in: 0...faults.delay, using: &random)
    }

    /// Lets the model go on until a moment of true time.
    mutating func run(until end: Double) {
        while violation == nil,
            let index = agenda.indices.min(by: {
                (agenda[$0].time, agenda[$0].number) < (agenda[$1].time, agenda[$1].number)
            }),
            agenda[index].time <= end
        {
            let (time, _, message) = agenda.remove(at: index)
            now = time
            handle(message)
            if chance(faults.disturbance) { disturb() }
            if leaders.count > 1 { violation = "at \(now) s candidates \(leaders) lead" }
        }
        now = max(now, end)
    }
}
