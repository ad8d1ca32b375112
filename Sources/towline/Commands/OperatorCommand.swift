import CLinux
import Executions
import FoundationEssentials
import KubeClient
import KubeRuntime
import Operator
import TowlineAPI

/// `towline operator`
struct OperatorCommand: Command {
    static let syntax = CommandSyntax(
        name: "operator",
        abstract: "Watch WorkflowExecutions, run each one once, and mirror how it goes.",
        discussion: """
            Each option is also read from an environment variable, such as TOWLINE_POLL_INTERVAL, and from the file of
            --config, as pollInterval. Flags win over the environment, and that wins over the file.

            The cluster is found as kubectl and controllers find it: --kubeconfig, then KUBECONFIG, then the pod's own
            identity, then ~/.kube/config. Logs go to standard error.
            """,
        options: OperatorOptions.all, foreignFlags: OperatorOptions.foreignFlags,
        configurationFile: OperatorOptions.config)

    private let configuration: OperatorConfiguration
    private let kubeconfig: String?
    private let context: String?
    private let logLevel: LogLevel
    private let logFormat: LogFormat
    private let logTimeEncoding: LogTimeEncoding
    /// What to print instead of running; nil to run.
    private let effective: EffectiveConfiguration?

    init(_ settings: Settings) throws {
        configuration = OperatorConfiguration(
            namespaces: try settings.value(OperatorOptions.namespaces),
            engines: try settings.engines(),
            pollInterval: try settings.value(OperatorOptions.pollInterval),
            workers: try settings.value(OperatorOptions.workers),
            metricsAddress: try settings.value(OperatorOptions.metricsBindAddress),
            probeAddress: try settings.value(OperatorOptions.healthProbeBindAddress),
            links: try settings.links(), instance: ProcessInfo.processInfo.hostName,
            election: try settings.election(), version: Version.current)
        kubeconfig = try settings.value(OperatorOptions.kubeconfig)
        context = try settings.value(OperatorOptions.context)
        logLevel = try settings.value(OperatorOptions.logLevel)
        logFormat = try settings.value(OperatorOptions.logFormat)
        logTimeEncoding = try settings.value(OperatorOptions.logTimeEncoding)
        effective =
            try settings.value(OperatorOptions.printConfig)
            ? EffectiveConfiguration(settings: settings, options: OperatorOptions.all) : nil
    }

    func run() async throws -> Int32 {
        if let effective {
            Console.print(effective.text)
            return 0
        }
        // Two arenas are enough for a handful of threads; every further one keeps memory that nobody else can use.
        mallopt(M_ARENA_MAX, 2)
        // Large buffers, such as the pages of a list, are mapped alone and go back to the system at once. Left to itself
        // glibc raises this bound with each one, and then they leave holes in the heap.
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
        let signals = TerminationSignals()
        let logger = Logger(LogSink(level: logLevel, format: logFormat, timeEncoding: logTimeEncoding))
        let levelSignals = LogLevelSignals(logger)
        defer { withExtendedLifetime(levelSignals) { _ = logger.sink.flush() } }
        let cluster = try ClusterConfiguration.load(
            explicitPath: kubeconfig, context: context, environment: ProcessInfo.processInfo.environment)
        logger.info(
            "Starting",
            [
                "version": .own(Version.current), "server": .own(cluster.server),
                "origin": .own(cluster.origin),
            ])
        do {
            let process = try OperatorProcess(configuration: configuration, cluster: cluster, logger: logger)
            try await process.run { await signals.wait() }
        } catch {
            // The last line, in the form of all others.
            logger.error("Stopped because of an error", error: error)
            return 1
        }
        logger.info("Stopped")
        return 0
    }
}

extension Settings {
    /// The engines that are served: those that are given, or all.
    fileprivate func engines() throws(UsageError) -> Set<EngineName> {
        let engines = try value(OperatorOptions.engines)
        return Set(engines.isEmpty ? EngineName.allCases : engines)
    }

    /// Which pages the runs are linked to: those of the presets, then the templates'.
    fileprivate func links() throws(UsageError) -> LinkTemplates {
        let templates = try value(OperatorOptions.linkPresets) + value(OperatorOptions.linkTemplates)
        do {
            return try LinkTemplates(templates)
        } catch {
            throw self.error(
                about: [OperatorOptions.linkPresets.syntax, OperatorOptions.linkTemplates.syntax], "\(error)")
        }
    }

    /// Whether and how a leader is elected; the times are checked even where none is.
    fileprivate func election() throws(UsageError) -> OperatorConfiguration.Election? {
        let lease = try value(OperatorOptions.leaseDuration)
        let renew = try value(OperatorOptions.renewDeadline)
        let retry = try value(OperatorOptions.retryPeriod)
        let timing: ElectionTiming
        do {
            timing = try ElectionTiming(leaseDuration: lease, renewDeadline: renew, retryPeriod: retry)
        } catch {
            let times = [OperatorOptions.leaseDuration, OperatorOptions.renewDeadline, OperatorOptions.retryPeriod]
            throw self.error(about: times.map(\.syntax), "\(error)")
        }
        guard try value(OperatorOptions.leaderElect) else { return nil }
        return OperatorConfiguration.Election(
            namespace: try value(OperatorOptions.leaseNamespace), name: try value(OperatorOptions.leaseName),
            timing: timing)
    }
}
