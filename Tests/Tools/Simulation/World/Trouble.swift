/// A kind of trouble beyond what the network, the server and the processes do; each can be switched on alone.
enum FaultClass: String, CaseIterable {
    /// Clocks of operators, API server and engines differ by any amount and drift; operators' clocks jump.
    case clocks
    /// Webhooks hang, fail, deny or delay requests of one namespace or one engine.
    case webhooks
    /// A quota of one namespace is used up for a while.
    case quotas
    /// Patches that stop a run are refused for a while, or for good.
    case stops
    /// All operators are down for longer than every limit.
    case outages
    /// Somebody strips the owner references, and sometimes the label, of a run.
    case owners
    /// Finalizers of others hold deleted runs.
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

/// A promise of the contract that the referee holds the operators to; each can be switched on alone.
enum Law: String, CaseIterable {
    /// `executed` is what really happened.
    case executed
    /// What a verdict says about a stop is what really happened to it.
    case verdicts
    /// A time limit is never early, and leads to a stop and a verdict.
    case limits
    /// A start deadline is never early.
    case deadlines
    /// Nothing is deleted before its time in true time, and what is due goes within seconds, whatever clocks say.
    case retention
    /// Every unfinished run is verified within the poll interval.
    case verification
    /// A run is created within seconds in a namespace that nobody disturbs.
    case latency
    /// What was held up continues within a poll interval of the recovery.
    case recovery
    /// Creates and stops of one run are sent at a bounded rate.
    case rates
    /// A run that still exists is never called deleted or replaced.
    case identity
    /// An execution says that its run is being deleted, or that it cannot be stopped.
    case visibility
}

/// Which faults one simulation may have, and which laws its referee enforces.
struct Trouble {
    /// What is on unless the command line says otherwise.
    static let enabledFaults = Set(FaultClass.allCases)
    static let enabledLaws = Set(Law.allCases)

    var faults = Self.enabledFaults
    var laws = Self.enabledLaws

    /// The numbers of a fault class; nil where it is off, or does not happen in the simulation of this seed.
    ///
    /// Each class draws from its own numbers, so what else a seed means does not depend on it.
    func random(for fault: FaultClass, seed: UInt64) -> SeededRandom? {
        guard faults.contains(fault) else { return nil }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in fault.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let random = SeededRandom(seed: ~seed ^ hash)
        return random.chance(0.5) ? random : nil
    }
}
