/// A class of faults beyond those of the network, the server and the processes; each can be selected.
enum FaultClass: String, CaseIterable {
    /// Clocks of operators, API server and engines differ by any amount and drift; operators' clocks jump.
    case clocks
    /// Webhooks hang, fail, deny or delay requests of one namespace or one engine.
    case webhooks
    /// A quota of one namespace is exhausted for a while.
    case quotas
    /// Patches that stop a run are rejected, temporarily or permanently.
    case stops
    /// All operators are down for longer than every limit.
    case outages
    /// The owner references, and sometimes the label, of a run are removed.
    case owners
    /// Foreign finalizers hold deleted runs.
    case finalizers
    /// Runs are pruned while all operators are down.
    case pruning
    /// The bodies of answers are cut in the middle, or never arrive.
    case bodies
    /// The lists of one engine's runs take long.
    case lists
    /// Steps start later than their run.
    case steps
}

/// A rule of the contract that the referee enforces; each can be selected.
enum Rule: String, CaseIterable {
    /// `executed` is what really happened.
    case executed
    /// A verdict says about a stop what really happened.
    case verdicts
    /// A time limit is never early, and leads to a stop and a verdict.
    case limits
    /// A start deadline is never early.
    case deadlines
    /// Nothing is deleted before its TTL in true time, and expired objects are deleted within seconds, regardless of clocks.
    case retention
    /// Every unfinished run is verified within the poll interval.
    case verification
    /// A run is created within seconds in a namespace without faults.
    case latency
    /// Delayed work continues within one poll interval after the recovery.
    case recovery
    /// Creates and stops of one run are sent at a bounded rate.
    case rates
    /// An existing run is never reported as deleted or replaced.
    case identity
    /// An execution says that its run is being deleted, or that it cannot be stopped.
    case visibility
}

/// The faults that a simulation may have, and the rules that its referee enforces.
struct Trouble {
    /// The defaults.
    static let enabledFaults = Set(FaultClass.allCases)
    static let enabledRules = Set(Rule.allCases)

    var faults = Self.enabledFaults
    var rules = Self.enabledRules

    /// The random numbers of a fault class; nil if it is off, or does not happen in the simulation of this seed.
    ///
    /// Each class uses its own numbers, so that the rest of the scenario does not depend on it.
    func random(for fault: FaultClass, seed: UInt64) -> SeededRandom? {
        guard faults.contains(fault) else { return nil }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in fault.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let random = SeededRandom(seed: ~seed ^ hash)
        return random.chance(0.5) ? random : nil
    }
}
