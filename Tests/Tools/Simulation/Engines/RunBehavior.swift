/// How the simulated engine treats one run.
struct RunBehavior {
    enum Ending: Hashable {
        case success
        case failure
        /// It runs until it is stopped.
        case never
    }

    /// Until the engine processes the run; nil if it never does.
    let pickUp: Duration?
    /// From then to the end.
    let duration: Duration
    let tasks: Int
    let ending: Ending
    /// False for an engine that forgets time limits.
    let keepsTimeout: Bool
    /// Until a stop request takes effect; nil if the engine ignores it.
    let shutdownDelay: Duration?
    /// After the end the run changes once more: to the other verdict, or back to running.
    let contradictsItself: Bool
    /// When a pruner deletes the ended run; nil if it does not.
    let pruning: Duration?

    init(random: SeededRandom) {
        pickUp =
            random.chance(0.06)
            ? nil
            : random.chance(0.1)
                ? random.duration(.seconds(20)...(.seconds(90))) : random.duration(.milliseconds(5)...(.seconds(2)))
        duration =
            random.chance(0.15)
            ? random.duration(.seconds(60)...(.seconds(240))) : random.duration(.milliseconds(20)...(.seconds(30)))
        tasks = 1 + random.below(4)
        ending = random.chance(0.08) ? .never : random.chance(0.35) ? .failure : .success
        keepsTimeout = random.chance(0.7)
        shutdownDelay = random.chance(0.15) ? nil : random.duration(.milliseconds(10)...(.seconds(8)))
        contradictsItself = random.chance(0.05)
        // A request in flight may arrive up to ten seconds late; nothing is pruned before that.
        pruning = random.chance(0.2) ? random.duration(.seconds(60)...(.seconds(200))) : nil
    }
}

extension RunBehavior {
    /// It starts soon and ends only when it is stopped; its engine forgets time limits.
    static let stubborn = RunBehavior(
        pickUp: .seconds(1), duration: .seconds(3600), tasks: 1, ending: .never, keepsTimeout: false,
        shutdownDelay: .seconds(1), contradictsItself: false, pruning: nil)

    private init(
        pickUp: Duration?, duration: Duration, tasks: Int, ending: Ending, keepsTimeout: Bool,
        shutdownDelay: Duration?, contradictsItself: Bool, pruning: Duration?
    ) {
        self.pickUp = pickUp
        self.duration = duration
        self.tasks = tasks
        self.ending = ending
        self.keepsTimeout = keepsTimeout
        self.shutdownDelay = shutdownDelay
        self.contradictsItself = contradictsItself
        self.pruning = pruning
    }
}
