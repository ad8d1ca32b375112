import CLinux
import CommandLineOptions
import Executions
import FoundationEssentials
import KubeClient
import KubeRuntime
import Operator
import TowlineAPI

/// `towline operator`
struct OperatorCommand: Command {
    static let syntax = CommandSyntax(
        program: "towline", name: "operator",
        abstract: "Run the operator: create one run for each WorkflowExecution and report its status.",
        discussion: """
            Every option can also be set by an environment variable (--poll-interval by TOWLINE_POLL_INTERVAL) and by a \
            key in the file of --config (pollInterval). Flags override the environment, which overrides the file.

            The cluster is that of --kubeconfig, else of KUBECONFIG, else of the pod's service account, else of \
            ~/.kube/config. Logs go to standard error.
            """,
        options: OperatorOptions.all, foreignFlags: OperatorOptions.foreignFlags,
        configurationFile: OperatorOptions.config)

    private let configuration: OperatorConfiguration
    private let kubeconfig: String?
    private let context: String?
    private let logLevel: LogLevel
    private let logFormat: OperatorOptions.LogFormatChoice
    private let logTimeEncoding: LogTimeEncoding
    /// The configuration to print instead of running; nil to run.
    private let effective: EffectiveConfiguration?

    init(_ settings: Settings) throws {
        configuration = OperatorConfiguration(
            namespaces: try settings.value(OperatorOptions.namespaces),
            engines: try settings.engines(),
            pollInterval: try settings.value(OperatorOptions.pollInterval),
            workers: try settings.value(OperatorOptions.workers),
            metricsAddress: try settings.value(OperatorOptions.metricsBindAddress),
            probeAddress: try settings.value(OperatorOptions.healthProbeBindAddress),
            links: try settings.links(),
            runLabels: RunLabels(
                fixed: try settings.value(OperatorOptions.runLabels),
                allowedPrefixes: try settings.value(OperatorOptions.runLabelPrefixes),
                argoInstanceID: try settings.value(OperatorOptions.argoInstanceID)),
            allowedSources: AllowedSources(
                registries: try settings.value(OperatorOptions.allowedRegistries),
                resolvers: try settings.value(OperatorOptions.allowedResolvers)),
            expiryWarning: try settings.value(OperatorOptions.expiryWarning),
            instance: ProcessInfo.processInfo.hostName,
            election: try settings.election(), version: BuildInfo.version)
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
        // Two arenas are enough for a few threads; each additional arena holds memory that the others cannot use.
        mallopt(M_ARENA_MAX, 2)
        // Map large buffers, such as pages of a list, on their own, so that freeing them returns memory to the system.
        // By default glibc raises this threshold with every large buffer, which fragments the heap.
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
        let signals = TerminationSignals()
        let logger = Logger(LogSink(level: logLevel, format: logFormat.resolved, timeEncoding: logTimeEncoding))
        let levelSignals = LogLevelSignals(logger)
        defer { withExtendedLifetime(levelSignals) { _ = logger.sink.flush() } }
        let cluster = try ClusterConfiguration.load(
            explicitPath: kubeconfig, context: context, environment: ProcessInfo.processInfo.environment)
        logger.info(
            "Starting",
            [
                "version": .own(BuildInfo.version), "commit": .own(BuildInfo.commit),
                "server": .own(cluster.server), "origin": .own(cluster.origin),
            ])
        do {
            let process = try OperatorProcess(configuration: configuration, cluster: cluster, logger: logger)
            try await process.run { await signals.wait() }
            // Write repeated lines that were held back before the last line.
            logger.sink.flush()
        } catch {
            // Log it, so that the last line has the format of the others.
            logger.error("Stopped because of an error", error: error)
            return 1
        }
        logger.info("Stopped")
        return 0
    }
}

extension Settings {
    /// The engines to serve: the given ones, or all.
    fileprivate func engines() throws(UsageError) -> Set<EngineName> {
        let engines = try value(OperatorOptions.engines)
        return Set(engines.isEmpty ? EngineName.allCases : engines)
    }

    /// The links of runs: presets first, then templates.
    fileprivate func links() throws(UsageError) -> LinkTemplates {
        let templates = try value(OperatorOptions.linkPresets) + value(OperatorOptions.linkTemplates)
        do {
            return try LinkTemplates(templates)
        } catch {
            throw self.error(
                about: [OperatorOptions.linkPresets.syntax, OperatorOptions.linkTemplates.syntax], "\(error)")
        }
    }

    /// Leader election; nil if it is off. The times are checked either way.
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
