import KubeRuntime

/// The parameters of one simulation, drawn from its seed.
struct Scenario {
    let replicas: Int
    /// False if the processes run without leader election, as by a configuration mistake.
    let isElected: Bool
    let executions: Int
    let chaos: Duration
    let rates: FaultRates
    let eventLag: ClosedRange<Duration>
    let replicaLag: Int
    /// True if several processes are active at the same time.
    var hasUnelectedReplicas: Bool { replicas > 1 && !isElected }
    /// The number of faults of the server and the processes.
    let faults: Int

    init(random: SeededRandom) {
        replicas = random.pick([1, 1, 2, 2, 3])
        isElected = random.chance(replicas > 1 ? 0.75 : 0.3)
        executions = 1 + random.below(5)
        chaos = random.duration(.seconds(20)...(.seconds(240)))
        rates = FaultRates(random: random)
        let slowest = random.pick([Duration.milliseconds(20), .milliseconds(500), .seconds(5)])
        eventLag = .milliseconds(1)...slowest
        replicaLag = random.below(20)
        faults = random.below(6)
    }
}

/// A class of faults in addition to those of the network, the server and the processes.
enum FaultClass: String, CaseIterable {
    /// Clocks of operators, API server and engines have arbitrary skew and drift; operators' clocks jump.
    case clocks
    /// Webhooks hang, fail, deny or delay requests of one namespace or one engine.
    case webhooks
    /// A quota of one namespace is exhausted for a while.
    case quotas
    /// Patches that stop a run are rejected for a while or permanently.
    case stops
    /// All operators are down for longer than any limit.
    case outages
    /// A user removes the owner references, and sometimes the label, of a run.
    case owners
    /// Foreign finalizers block the deletion of runs.
    case finalizers
    /// Runs are pruned while all operators are down.
    case pruning
    /// The bodies of responses are truncated or never arrive.
    case bodies
    /// Lists of one engine's runs are slow.
    case lists
    /// Steps start later than their run.
    case steps
    /// A user creates many executions in one namespace and changes all of its executions all the time.
    case crowds
    /// Users create environments, and interfere with them.
    case environments
    /// Entries of the catalog appear late, are deleted and replaced; users create executions that name a definition.
    case catalog
    /// A namespace with environments is deleted. Only with `environments`.
    case namespaces
    /// The clock of the API server is set by up to an hour. Only with `environments`.
    case jumps
    /// Hundreds of environments expire in the same second, in a few simulations. Only with `environments`.
    case rush
}

/// A rule of the contract that the referee checks.
enum Rule: String, CaseIterable {
    /// `executed` matches what really happened.
    case executed
    /// What a final status says about a stop matches what really happened.
    case verdicts
    /// A time limit never takes effect early, and leads to a stop and a final status.
    case limits
    /// A start deadline never expires early.
    case deadlines
    /// Regardless of clock skew, nothing is deleted early, and due objects are deleted within seconds.
    case retention
    /// Every unfinished run is verified within the poll interval.
    case verification
    /// A run is created within seconds in a namespace without obstacles.
    case latency
    /// Delayed work continues within a poll interval after the recovery.
    case recovery
    /// The rate of creates and stops of one run is limited.
    case rates
    /// A run that still exists is never reported as deleted or replaced.
    case identity
    /// The status reports that a run is being deleted or cannot be stopped.
    case visibility
    /// Environments start, stop, expire, and end in time.
    case environments
}

/// The enabled classes of faults and rules.
struct Configuration {
    /// The defaults.
    static let enabledFaults = Set(FaultClass.allCases)
    static let enabledRules = Set(Rule.allCases)

    var faults = Self.enabledFaults
    var rules = Self.enabledRules

    /// The random numbers of a fault class; nil if it is disabled or does not occur in the simulation of this seed.
    ///
    /// Each class has its own numbers, so that enabling it does not change the rest of the simulation.
    func random(for fault: FaultClass, seed: UInt64) -> SeededRandom? {
        guard faults.contains(fault) else { return nil }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in fault.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let random = SeededRandom(seed: ~seed ^ hash)
        return random.chance(0.5) ? random : nil
    }
}
