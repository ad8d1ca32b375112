import Executions
import KubeRuntime
import Operator
import TowlineAPI

/// What `towline operator` can be told. Each option is declared here, and nowhere else.
enum OperatorOptions {
    static let config = Option(
        "config", optional: .path, reach: .environment, help: "Read options from this YAML file.")
    static let printConfig = Option(
        "print-config", .toggle, standard: "false", reach: .commandLine,
        help: "Print the options that hold, and where each comes from, and end.")

    static let kubeconfig = Option("kubeconfig", optional: .path, help: "Read this kubeconfig.")
    static let context = Option(
        "context", optional: .text("NAME", expected: "the name of a context"),
        help: "Use this context of the kubeconfig instead of its current one.")

    static let namespaces = Option(
        "namespace", key: "namespaces", list: .namespace, help: "Serve this namespace only; all where none is given.")
    static let engines = Option(
        "engine", key: "engines", list: ValueSyntax<EngineName>.word("ENGINE"),
        help: "Serve executions for this engine only; for all where none is given.")
    static let pollInterval = Option(
        "poll-interval", .duration(.milliseconds(100)...(.seconds(3600))), standard: "10s",
        help: "Verify every unfinished run this often.")
    static let workers = Option(
        "workers", .wholeNumber(1...256), standard: "8", help: "Work on this many executions at a time.")

    static let metricsBindAddress = Option(
        "metrics-bind-address", .listenAddress, standard: ":8080", help: "Serve /metrics there; 0 serves it nowhere.")
    static let healthProbeBindAddress = Option(
        "health-probe-bind-address", .listenAddress, standard: ":8081",
        help: "Serve /healthz and /readyz there; 0 serves them nowhere.")

    static let linkTemplates = Option(
        "link-template", key: "linkTemplates", list: .linkTemplate,
        help: "Link runs to this page: {engine}, {namespace}, {name}, {uid}; NAME@ENGINE for one engine.")
    static let linkPresets = Option(
        "link-preset", key: "linkPresets", list: .linkPreset,
        help: "Link runs to tekton-dashboard, openshift-console or argo-ui at this address.")

    static let leaderElect = Option(
        "leader-elect", .toggle, standard: "false",
        help: "Work only while this process holds the lease of all that share its name.")
    static let leaseDuration = Option(
        "leader-elect-lease-duration", .electionTime, standard: "15s",
        help: "Others wait this long after the last renewal of the lease; whole seconds.")
    static let renewDeadline = Option(
        "leader-elect-renew-deadline", .electionTime, standard: "10s",
        help: "A leader that could not renew for this long ends; shorter than the lease duration.")
    static let retryPeriod = Option(
        "leader-elect-retry-period", .electionTime, standard: "2s",
        help: "Renew the lease this often; 1.2 times of it is shorter than the renew deadline.")
    static let leaseNamespace = Option(
        "leader-elect-resource-namespace", optional: .namespace,
        help: "The namespace of the lease, where it is not the process's own.")
    static let leaseName = Option(
        "leader-elect-resource-name", .text("NAME", expected: "the name of a lease"), standard: "towline-operator",
        help: "The name of the lease.")

    static let logLevel = Option(
        "log-level", .logLevel, standard: "info", aliases: ["zap-log-level"],
        help: "The least important lines that are written; SIGUSR1 changes it to debug, SIGUSR2 back.")
    static let logFormat = Option(
        "log-format", .logFormat, standard: "json", aliases: ["zap-encoder"],
        help: "One JSON object a line, or text for people.")

    static let logTimeEncoding = Option(
        "log-time-encoding", .timeEncoding, standard: "rfc3339micro", aliases: ["zap-time-encoding"],
        help: "How the time of a line is written.")

    /// All of them, in the order of the help text.
    static let all = [
        config.syntax, printConfig.syntax, kubeconfig.syntax, context.syntax, namespaces.syntax, engines.syntax,
        pollInterval.syntax, workers.syntax, metricsBindAddress.syntax, healthProbeBindAddress.syntax,
        linkTemplates.syntax, linkPresets.syntax, leaderElect.syntax, leaseDuration.syntax, renewDeadline.syntax,
        retryPeriod.syntax, leaseNamespace.syntax, leaseName.syntax, logLevel.syntax, logFormat.syntax,
        logTimeEncoding.syntax,
    ]

    /// Flags that programs built on controller-runtime take, and that would do nothing here.
    static let foreignFlags = [
        "--zap-devel": "say --log-level debug --log-format text",
        "--zap-stacktrace-level": "no line has a stack trace; leave it out",
    ]
}

extension ValueSyntax<ListenAddress?> {
    /// Where to listen; nil for nowhere.
    fileprivate static var listenAddress: Self {
        ValueSyntax("HOST:PORT", expected: "HOST:PORT, :PORT for all addresses, or 0 for none") {
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

extension ValueSyntax<Duration> {
    fileprivate static var electionTime: Self { .duration(.milliseconds(1)...(.seconds(3600))) }
}

extension ValueSyntax<LogLevel> {
    /// The words of this program and of zap, whose whole numbers are degrees of debug.
    fileprivate static var logLevel: Self {
        ValueSyntax("LEVEL", expected: "debug, info, warn, error or panic, or a whole number above 0 for debug") {
            LogLevel(parsing: $0)
        }
    }
}

extension ValueSyntax<LogTimeEncoding> {
    /// zap's help says `nano` where it takes `nanos`; both are known here.
    fileprivate static var timeEncoding: Self {
        let words = Self.word("ENCODING")
        return ValueSyntax("ENCODING", expected: words.expected) { text throws(ValueError) in
            try text == "nano" ? .nanos : words.parse(text)
        }
    }
}

extension ValueSyntax<LogFormat> {
    /// `console` is zap's word for `text`.
    fileprivate static var logFormat: Self {
        ValueSyntax("FORMAT", expected: "json, text or console") { $0 == "console" ? .text : LogFormat(rawValue: $0) }
    }
}
