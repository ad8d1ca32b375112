import KubeClient
import KubeRuntime
import TowlineAPI

/// Finds out at the start which of its rights the operator does not have, and says what will not work.
///
/// It runs beside the work and holds up nothing: the operator does what it may do. One request is under way at a time.
/// In all namespaces each verb has to be asked for by itself; in single ones the API server lists what is allowed, and
/// only what is not in the list is asked for.
struct RightsCheck: Sendable {
    private let reviews: AccessReviews
    private let namespaces: [String]
    private let engines: Set<EngineName>
    private let lease: ObjectKey?
    private let time: any TimeSource
    private let logger: Logger

    /// After this time a check ends with what it knows.
    static let patience = Duration.seconds(10)
    /// The time until a check that got no answer is tried again.
    static let pause = Duration.seconds(30)

    /// - Parameters:
    ///   - namespaces: where executions are served; empty for all.
    ///   - engines: the engines that are served.
    ///   - lease: by which a leader is elected; nil where none is.
    init(
        client: KubeClient, namespaces: [String], engines: Set<EngineName>, lease: ObjectKey?,
        time: any TimeSource, logger: Logger
    ) {
        var client = client
        client.requestTimeout = .seconds(5)
        reviews = AccessReviews(client: client)
        self.namespaces = namespaces
        self.engines = engines
        self.lease = lease
        self.time = time
        self.logger = logger.named("rights")
    }

    /// Checks until there was an answer; then waits to be cancelled.
    func run() async {
        var hasFailed = false
        while !Task.isCancelled {
            do {
                try await check()
                break
            } catch {
                guard !error.isCancelled else { return }
                if !hasFailed || !error.isTransient {
                    logger.warn("Could not find out which rights there are", ["error": .foreign("\(error)")])
                }
                hasFailed = true
                guard error.isTransient else { break }
                try? await time.sleep(for: Self.pause)
            }
        }
        await Latch().wait()
    }

    private func check() async throws(KubeError) {
        let deadline = time.now.advanced(by: Self.patience)
        var findings = Findings()
        for (namespace, rights) in places { try await look(for: rights, in: namespace, until: deadline, &findings) }
        for line in MissingRight.joined(findings.missing) { line.log(to: logger) }
        if !findings.isComplete {
            logger.warn("Not all rights were asked for, because that took too long")
        } else if findings.missing.isEmpty {
            logger.info("All rights are there")
        }
    }

    /// Which rights are needed where; nil stands for all namespaces.
    private var places: [(namespace: String?, rights: [Right])] {
        let served = Right.all.filter { right in
            switch right.part {
            case .executions: true
            case .engine(let engine): engines.contains(engine)
            case .election: false
            }
        }
        let places: [(String?, [Right])] = namespaces.isEmpty ? [(nil, served)] : namespaces.map { ($0, served) }
        guard let lease else { return places }
        return places + [(lease.namespace, Right.all.filter { $0.part == .election })]
    }

    private struct Findings {
        var missing: [MissingRight] = []
        var isComplete = true
    }

    private func look(
        for rights: [Right], in namespace: String?, until deadline: ContinuousClock.Instant, _ findings: inout Findings
    ) async throws(KubeError) {
        var listed: AccessRules?
        if let namespace, time.now < deadline { listed = try await reviews.rules(in: namespace) }
        for right in rights {
            var verbs: [Right.Verb] = []
            let name = right.isForOneName ? lease?.name : nil
            for verb in right.verbs where listed?.allow(verb, of: right, named: name) != true {
                guard time.now < deadline else {
                    findings.isComplete = false
                    return
                }
                if try await !reviews.allows(verb, of: right, in: namespace, named: name) { verbs.append(verb) }
            }
            guard !verbs.isEmpty else { continue }
            findings.missing.append(
                MissingRight(right: right, verbs: verbs, namespaces: namespace.map { [$0] } ?? []))
        }
    }
}
