import CLinux
import FoundationEssentials
import KubeClient
import KubeRuntime
import Operator

/// `towline operator`
struct OperatorCommand: Command {
    static let syntax = CommandSyntax(
        name: "operator",
        abstract: "Watch WorkflowExecutions, run each one once, and mirror how it goes.",
        discussion: """
            The cluster is found as kubectl and controllers find it: --kubeconfig, then KUBECONFIG, then the pod's own
            identity, then ~/.kube/config. Logs go to standard error.
            """,
        flags: [
            Flag("--kubeconfig", value: "FILE", help: "Read this kubeconfig."),
            Flag("--context", value: "NAME", help: "Use this context of the kubeconfig instead of its current one."),
            Flag("--namespace", value: "NS", repeats: true, help: "Serve this namespace only; all when absent."),
            Flag("--poll-interval", value: "DURATION", help: "Verify every unfinished run this often. Default: 10s."),
            Flag("--workers", value: "N", help: "Work on this many executions at a time. Default: 4."),
            Flag(
                "--metrics-bind-address", value: "HOST:PORT",
                help: "Serve /metrics there; 0 serves it nowhere. Default: :8080."),
            Flag(
                "--health-probe-bind-address", value: "HOST:PORT",
                help: "Serve /healthz and /readyz there; 0 serves them nowhere. Default: :8081."),
            Flag(
                "--link-template", value: "NAME=URL", repeats: true,
                help: "Link runs to this page: {engine}, {namespace}, {name}, {uid}; NAME@ENGINE for one engine."),
            Flag(
                "--link-preset", value: "PRESET=URL", repeats: true,
                help: "Link runs to tekton-dashboard, openshift-console or argo-ui at this address."),
            Flag("--leader-elect", help: "Work only while this process holds the lease of all that share its name."),
            Flag(
                "--leader-elect-lease-duration", value: "DURATION",
                help: "Others wait this long after the last renewal of the lease. Default: 15s."),
            Flag(
                "--leader-elect-renew-deadline", value: "DURATION",
                help: "A leader that could not renew for this long ends. Default: 10s."),
            Flag(
                "--leader-elect-retry-period", value: "DURATION", help: "Renew the lease this often. Default: 2s."),
            Flag(
                "--leader-elect-resource-namespace", value: "NS",
                help: "The namespace of the lease. Default: the process's own."),
            Flag(
                "--leader-elect-resource-name", value: "NAME", help: "The name of the lease. Default: towline-operator."
            ),
            Flag("--log-level", value: "LEVEL", help: "debug, info, warn or error. Default: info."),
            Flag("--log-format", value: "FORMAT", help: "json or text. Default: json."),
        ])

    private let configuration: OperatorConfiguration
    private let kubeconfig: String?
    private let context: String?
    private let logLevel: LogLevel
    private let logFormat: LogFormat

    init(_ arguments: ParsedArguments) throws {
        var configuration = OperatorConfiguration(
            instance: ProcessInfo.processInfo.hostName, version: Version.current)
        configuration.namespaces = arguments.all("--namespace")
        if let interval = try arguments.duration("--poll-interval", in: .milliseconds(100)...(.seconds(3600))) {
            configuration.pollInterval = interval
        }
        if let workers = try arguments.integer("--workers", in: 1...256) { configuration.workers = workers }
        configuration.metricsAddress =
            try arguments.listenAddress("--metrics-bind-address", default: configuration.metricsAddress)
        configuration.probeAddress =
            try arguments.listenAddress("--health-probe-bind-address", default: configuration.probeAddress)
        configuration.links = try arguments.linkTemplates()
        configuration.election = try arguments.election()
        self.configuration = configuration
        kubeconfig = arguments.string("--kubeconfig")
        context = arguments.string("--context")
        logLevel = try arguments.choice("--log-level", of: LogLevelWord.self)?.level ?? .info
        logFormat = try arguments.choice("--log-format", of: LogFormatWord.self)?.format ?? .json
    }

    func run() async throws -> Int32 {
        // Two arenas are enough for a handful of threads; every further one keeps memory that nobody else can use.
        mallopt(M_ARENA_MAX, 2)
        // Large buffers, such as the pages of a list, are mapped alone and go back to the system at once. Left to itself
        // glibc raises this bound with each one, and then they leave holes in the heap.
        mallopt(M_MMAP_THRESHOLD, 128 << 10)
        let signals = TerminationSignals()
        let logger = Logger(LogSink(level: logLevel, format: logFormat))
        defer { logger.sink.flush() }
        let cluster = try ClusterConfiguration.load(
            explicitPath: kubeconfig, context: context, environment: ProcessInfo.processInfo.environment)
        logger.info(
            "Starting",
            [
                "version": .string(Version.current), "server": .string(cluster.server),
                "origin": .string(cluster.origin),
            ])
        let process = try OperatorProcess(configuration: configuration, cluster: cluster, logger: logger)
        try await process.run { await signals.wait() }
        logger.info("Stopped")
        return 0
    }
}

/// The words of `--log-level`.
private enum LogLevelWord: String, CaseIterable {
    case debug, info, warn, error

    var level: LogLevel {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warn: .warn
        case .error: .error
        }
    }
}

/// The words of `--log-format`.
private enum LogFormatWord: String, CaseIterable {
    case json, text

    var format: LogFormat { self == .json ? .json : .text }
}

extension ParsedArguments {
    /// Reads which pages the runs are linked to: those of the presets, then the templates'.
    fileprivate func linkTemplates() throws(UsageError) -> LinkTemplates {
        var flag = "--link-preset"
        do {
            var templates: [LinkTemplate] = []
            for text in all(flag) { templates.append(try LinkTemplate(preset: text)) }
            flag = "--link-template"
            for text in all(flag) { templates.append(try LinkTemplate(text)) }
            flag = "--link-preset, --link-template"
            return try LinkTemplates(templates)
        } catch {
            throw UsageError("\(flag): \(error)")
        }
    }

    /// Reads whether and how a leader is elected; the times are checked even where none is.
    fileprivate func election() throws(UsageError) -> OperatorConfiguration.Election? {
        func time(_ name: String, _ standard: Duration) throws(UsageError) -> Duration {
            try duration("--leader-elect-\(name)", in: .milliseconds(1)...(.seconds(3600))) ?? standard
        }
        let standard = ElectionTiming.standard
        let lease = try time("lease-duration", standard.leaseDuration)
        let renew = try time("renew-deadline", standard.renewDeadline)
        let retry = try time("retry-period", standard.retryPeriod)
        var election = OperatorConfiguration.Election()
        do {
            election.timing = try ElectionTiming(leaseDuration: lease, renewDeadline: renew, retryPeriod: retry)
        } catch {
            throw UsageError("--leader-elect-lease-duration and the like: \(error)")
        }
        election.namespace = string("--leader-elect-resource-namespace")
        if let name = string("--leader-elect-resource-name") { election.name = name }
        for (flag, name) in [("namespace", election.namespace), ("name", election.name)] where name?.isEmpty == true {
            throw UsageError("--leader-elect-resource-\(flag) is empty: expected a name")
        }
        return contains("--leader-elect") ? election : nil
    }

    /// Reads where to listen; nil turns it off.
    fileprivate func listenAddress(_ name: String, default address: ListenAddress?) throws(UsageError) -> ListenAddress?
    {
        guard let text = string(name) else { return address }
        do {
            return try ListenAddress.parse(text)
        } catch {
            throw UsageError("\(name): \(error)")
        }
    }
}
