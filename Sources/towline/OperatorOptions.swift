import CommandLineOptions
import Executions
import KubeRuntime
import Operator
import TowlineAPI

/// The options of `towline operator`.
enum OperatorOptions {
    static let config = Option(
        "config", optional: .path, reach: .environment, help: "Read options from this YAML file.")
    static let printConfig = Option(
        "print-config", .toggle, default: "false", reach: .commandLine,
        help: "Print the effective options and where each one is set, then exit.")

    static let kubeconfig = Option("kubeconfig", optional: .path, help: "Use this kubeconfig.")
    static let context = Option(
        "context", optional: .text("NAME", expected: "the name of a context"),
        help: "Use this context of the kubeconfig instead of the current one.")

    static let namespaces = Option(
        "namespace", key: "namespaces", list: .namespace, help: "Watch this namespace only instead of all.")
    static let engines = Option(
        "engine", key: "engines", list: ValueSyntax<EngineName>.word("ENGINE"),
        help: "Handle executions for this engine only, tekton or argo, instead of all.")
    static let pollInterval = Option(
        "poll-interval", .duration(.milliseconds(100)...(.seconds(3600))), default: "10s",
        help: "Read every unfinished run at this interval, in case a watch missed a change.")
    static let workers = Option(
        "workers", .wholeNumber(1...256), default: "8", help: "Reconcile at most this many executions concurrently.")
    static let expiryWarning = Option(
        "expiry-warning", .duration(.zero...(.seconds(604_800))), default: "1h",
        help: "Set the condition ExpiringSoon on environments this long before they expire; 0 disables it.")

    static let metricsBindAddress = Option(
        "metrics-bind-address", .listenAddress, default: ":8080", help: "Serve /metrics on this address; 0 disables it."
    )
    static let healthProbeBindAddress = Option(
        "health-probe-bind-address", .listenAddress, default: ":8081",
        help: "Serve /healthz and /readyz on this address; 0 disables them.")

    static let linkTemplates = Option(
        "link-template", key: "linkTemplates", list: .linkTemplate,
        help: """
            Link runs to this URL, with {engine}, {namespace}, {name} and {uid} filled in; NAME@ENGINE=URL applies to \
            one engine.
            """)
    static let linkPresets = Option(
        "link-preset", key: "linkPresets", list: .linkPreset,
        help: "Link runs to tekton-dashboard, openshift-console or argo-ui at this URL.")

    static let runLabels = Option(
        "run-label", key: "runLabels", list: .label, help: "Set this label on every run.")
    static let runLabelPrefixes = Option(
        "run-label-prefix", key: "runLabelPrefixes", list: .labelPrefix,
        help: "Let users set labels on runs (spec.runLabels) whose keys start with this prefix, such as example.com/.")
    static let argoInstanceID = Option(
        "argo-instance-id", optional: .labelValue,
        help: "Create workflows for the Argo controller with this instance ID.")

    static let allowedRegistries = Option(
        "allowed-registries", key: "allowedRegistries", list: .registry,
        help: """
            Run bundles (containerImage, and the resolver bundles) from this registry or repository path only, such as \
            registry.example/workflows, instead of all; none allows no bundles.
            """)
    static let allowedResolvers = Option(
        "allowed-resolvers", key: "allowedResolvers", list: .resolver,
        help: "Let executions use this Tekton resolver only besides bundles, instead of all; none allows no resolver.")

    static let leaderElect = Option(
        "leader-elect", .toggle, default: "false",
        help: "Elect a leader among the replicas with a Lease; only the leader reconciles.")
    static let leaseDuration = Option(
        "leader-elect-lease-duration", .electionTime, default: "15s",
        help: "Time after the last renewal before another replica takes over; whole seconds.")
    static let renewDeadline = Option(
        "leader-elect-renew-deadline", .electionTime, default: "10s",
        help: "Time after which a leader that cannot renew the lease exits; shorter than the lease duration.")
    static let retryPeriod = Option(
        "leader-elect-retry-period", .electionTime, default: "2s",
        help: "Interval of renewals; 1.2 times this value must be shorter than the renew deadline.")
    static let leaseNamespace = Option(
        "leader-elect-resource-namespace", optional: .namespace,
        help: "Namespace of the lease; by default that of the pod or the kubeconfig.")
    static let leaseName = Option(
        "leader-elect-resource-name", .text("NAME", expected: "the name of a lease"), default: "towline-operator",
        help: "Name of the lease.")

    static let logLevel = Option(
        "log-level", .logLevel, default: "info", aliases: ["zap-log-level"],
        help: "Least severe level that is logged. At run time, SIGUSR1 switches to debug and SIGUSR2 back.")
    static let logFormat = Option(
        "log-format", .logFormat, default: "auto", aliases: ["zap-encoder"],
        help: "Log as text or json; auto means text on a terminal, otherwise json.")
    static let logTimeEncoding = Option(
        "log-time-encoding", .timeEncoding, default: "rfc3339micro", aliases: ["zap-time-encoding"],
        help: "Format of the time in a log line.")

    /// All options in the order of the help text.
    static let all = [
        config.syntax, printConfig.syntax, kubeconfig.syntax, context.syntax, namespaces.syntax, engines.syntax,
        pollInterval.syntax, workers.syntax, expiryWarning.syntax, metricsBindAddress.syntax,
        healthProbeBindAddress.syntax,
        linkTemplates.syntax, linkPresets.syntax, runLabels.syntax, runLabelPrefixes.syntax, argoInstanceID.syntax,
        allowedRegistries.syntax, allowedResolvers.syntax, leaderElect.syntax, leaseDuration.syntax,
        renewDeadline.syntax, retryPeriod.syntax, leaseNamespace.syntax,
        leaseName.syntax, logLevel.syntax, logFormat.syntax, logTimeEncoding.syntax,
    ]

    /// Flags of controller-runtime that have no effect here.
    static let foreignFlags = [
        "--zap-devel": "use --log-level debug --log-format text",
        "--zap-stacktrace-level": "log lines have no stack trace; remove the flag",
    ]

    /// The value of `--log-format`.
    enum LogFormatChoice: String, CaseIterable {
        case auto, text, json

        /// The format to log in; `auto` depends on standard error.
        var resolved: LogFormat {
            switch self {
            case .auto: .automatic(isTerminal: LogWriter.standardErrorIsTerminal)
            case .text: .text
            case .json: .json
            }
        }
    }
}

extension ValueSyntax<ListenAddress?> {
    /// An address to listen on; nil disables the server.
    fileprivate static var listenAddress: Self {
        ValueSyntax("HOST:PORT", expected: "HOST:PORT, :PORT for all addresses, or 0 to disable") {
            text throws(ValueError) in
            do {
                return .some(try ListenAddress.parse(text))
            } catch {
                throw ValueError("\(error)")
            }
        }
    }
}

extension ValueSyntax<LinkTemplate> {
    fileprivate static var linkTemplate: Self {
        ValueSyntax("NAME=URL", expected: "NAME=URL or NAME@ENGINE=URL") { text throws(ValueError) in
            do {
                return try LinkTemplate(text)
            } catch {
                throw ValueError("\(error)")
            }
        }
    }

    fileprivate static var linkPreset: Self {
        ValueSyntax("PRESET=URL", expected: "PRESET=URL") { text throws(ValueError) in
            do {
                return try LinkTemplate(preset: text)
            } catch {
                throw ValueError("\(error)")
            }
        }
    }
}

extension ValueSyntax<MapEntry> {
    /// A label for every run, except those that an engine or a GitOps tool uses.
    fileprivate static var label: Self {
        ValueSyntax("KEY=VALUE", expected: "KEY=VALUE, a label of Kubernetes") { text throws(ValueError) in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let key = parts.first, let value = parts.last, RunLabels.isKey(key),
                RunLabels.isValue(value)
            else { return nil }
            guard !RunLabels.isReserved(key) else { throw ValueError("\(key) \(RunLabels.reservedMessage)") }
            return MapEntry(key: key, value: value)
        }
    }
}

extension ValueSyntax<String> {
    /// The beginning of label keys: at least a domain and its slash.
    fileprivate static var labelPrefix: Self {
        ValueSyntax("PREFIX", expected: "a domain and a slash, such as example.com/") { text throws(ValueError) in
            guard RunLabels.isPrefix(text) else { return nil }
            guard !RunLabels.isReserved(text) else { throw ValueError("\(text) \(RunLabels.reservedMessage)") }
            return text
        }
    }

    /// A registry or a repository path; a tag or a digest would be ignored, so neither is accepted.
    fileprivate static var registry: Self {
        ValueSyntax(
            "REGISTRY",
            expected: "a registry or repository path without a tag, such as registry.example/workflows, or none"
        ) { AllowedSources.registry($0) }
    }

    fileprivate static var resolver: Self {
        ValueSyntax("RESOLVER", expected: "the name of a Tekton resolver other than bundles, such as git, or none") {
            text throws(ValueError) in
            guard text != AllowedSources.bundleResolver else {
                throw ValueError("bundles is restricted by --allowed-registries; remove it here")
            }
            return AllowedSources.isResolver(text) ? text : nil
        }
    }

    fileprivate static var labelValue: Self {
        ValueSyntax("ID", expected: "the value of a label: at most 63 letters, digits, \"-\", \"_\" and \".\"") {
            $0.isEmpty || !RunLabels.isValue($0) ? nil : $0
        }
    }
}

extension ValueSyntax<Duration> {
    fileprivate static var electionTime: Self { .duration(.milliseconds(1)...(.seconds(3600))) }
}

extension ValueSyntax<LogLevel> {
    /// Level names, and the numeric debug levels of zap.
    fileprivate static var logLevel: Self {
        let words = ["debug", "info", "warn", "error", "panic"]
        return ValueSyntax(
            "LEVEL", expected: "\(words.alternatives), or a whole number above 0 for debug", completion: .words(words)
        ) { LogLevel(parsing: $0) }
    }
}

extension ValueSyntax<LogTimeEncoding> {
    /// zap's help says `nano`, its parser `nanos`; both are accepted.
    fileprivate static var timeEncoding: Self {
        let words = Self.word("ENCODING").description
        return ValueSyntax("ENCODING", expected: words.expected, completion: words.completion) {
            text throws(ValueError) in
            try text == "nano" ? .nanos : Self.word("ENCODING").parse(text)
        }
    }
}

extension ValueSyntax<OperatorOptions.LogFormatChoice> {
    /// `console` is zap's name for `text`.
    fileprivate static var logFormat: Self {
        let words = OperatorOptions.LogFormatChoice.allCases.map(\.rawValue)
        return ValueSyntax(
            "FORMAT", expected: (words + ["console"]).alternatives, completion: .words(words)
        ) { $0 == "console" ? .text : OperatorOptions.LogFormatChoice(rawValue: $0) }
    }
}
