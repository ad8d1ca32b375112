import KubeRuntime
import Testing

@testable import CommandLineOptions
@testable import towline

/// The options of `towline operator` from all sources.
@Suite struct OperatorOptionsTests {
    private let options = OperatorOptions.all
    private let header = "apiVersion: config.towline.dev/v1alpha1\nkind: OperatorConfiguration\n"

    private func settings(
        _ arguments: [String] = [], environment: [String: String] = [:], file: String = ""
    ) throws -> Settings {
        let syntax = OperatorCommand.syntax
        return try syntax.settings(from: syntax.parse(arguments), environment: environment) {
            _ throws(UsageError) in Array((header + file).utf8)
        }
    }

    @Test func `no two options share a name`() {
        for names in [options.flatMap(\.flags), options.map(\.variable), options.map(\.key)] {
            #expect(Set(names).count == names.count)
        }
        #expect(!options.contains { ["apiVersion", "kind"].contains($0.key) })
    }

    @Test func `variable and key are derived from the flag`() {
        let option = OperatorOptions.leaseDuration.syntax
        #expect(option.flag == "--leader-elect-lease-duration")
        #expect(option.variable == "TOWLINE_LEADER_ELECT_LEASE_DURATION")
        #expect(option.key == "leaderElectLeaseDuration")
    }

    /// Kubernetes sets variables with these suffixes for services whose names begin with `towline`.
    @Test func `no variable looks like a service variable`() {
        for option in options {
            #expect(!"\(option.variable)_".contains("_PORT_"))
            #expect(!option.variable.contains("_SERVICE_HOST"))
        }
    }

    @Test func `every default is valid`() throws {
        for option in options {
            guard let text = option.defaultValue else { continue }
            #expect(throws: Never.self) {
                try option.check([GivenValue(text: text, origin: .default)])
            }
        }
        _ = try OperatorCommand(settings())
    }

    @Test func `the printed configuration is a file with the same values`() throws {
        let first = try settings(
            ["--namespace", "a", "--namespace", "b", "--config", "x", "--metrics-bind-address=0"],
            environment: ["TOWLINE_LEADER_ELECT": "true", "TOWLINE_LINK_TEMPLATE": "A \"b\"=https://a.example/{name}"],
            file: "workers: 9\npollInterval: 3s\n")
        let text = EffectiveConfiguration(settings: first, options: options).text
        for line in [
            "namespaces: [\"a\", \"b\"] # --namespace", "workers: 9 # x:3", "pollInterval: \"3s\" # x:4",
            "leaderElect: true # TOWLINE_LEADER_ELECT", "logLevel: \"info\" # default", "# kubeconfig is not set",
            "metricsBindAddress: \"0\" # --metrics-bind-address",
        ] {
            #expect(text.split(separator: "\n").contains(Substring(line)), "\(line) in\n\(text)")
        }
        let syntax = OperatorCommand.syntax
        let second = try syntax.settings(from: syntax.parse(["--config", "y"]), environment: [:]) {
            _ throws(UsageError) in Array(text.utf8)
        }
        for option in options where option.reach == .file && !first.values(option).isEmpty {
            #expect(second.values(option).map(\.text) == first.values(option).map(\.text), "\(option.name)")
        }
    }

    @Test func `the times of leader election must fit together`() {
        let error = #expect(throws: UsageError.self) {
            try OperatorCommand(
                settings(
                    ["--leader-elect-renew-deadline", "20s"], environment: ["TOWLINE_LEADER_ELECT_RETRY_PERIOD": "3s"]))
        }
        #expect(
            error?.description.hasPrefix(
                "--leader-elect-renew-deadline, TOWLINE_LEADER_ELECT_RETRY_PERIOD: the lease duration") == true)
        #expect(error?.exitCode == 2)
        let other = #expect(throws: UsageError.self) {
            try OperatorCommand(settings(environment: ["TOWLINE_LEADER_ELECT_RENEW_DEADLINE": "20s"]))
        }
        #expect(other?.exitCode == 1)
    }

    @Test(arguments: [
        ("debug", LogLevel.debug), ("info", .info), ("warn", .warn), ("error", .error), ("panic", .panic),
        ("1", .debug),
        ("10", .debug), ("INFO", .info),
    ])
    func `accepts the log levels of zap`(text: String, level: LogLevel) throws {
        #expect(try settings(["--zap-log-level", text]).value(OperatorOptions.logLevel) == level)
    }

    @Test(arguments: ["0", "-1", "loud", ""]) func `rejects other log levels`(_ text: String) {
        let error = #expect(throws: UsageError.self) { try settings(["--zap-log-level=\(text)"]) }
        #expect(error?.description.hasPrefix("--zap-log-level: expected debug, info, warn, error or panic") == true)
    }

    @Test func `accepts the encoders of zap`() throws {
        #expect(try settings(["--zap-encoder", "console"]).value(OperatorOptions.logFormat) == .text)
        #expect(try settings(["--zap-encoder=json"]).value(OperatorOptions.logFormat) == .json)
    }

    @Test(arguments: ["--zap-devel", "--zap-stacktrace-level=error"]) func `rejects flags without effect`(
        _ flag: String
    ) {
        let error = #expect(throws: UsageError.self) { try settings([flag]) }
        #expect(error?.description.contains("has no effect in 'towline operator'; ") == true)
    }

    @Test(arguments: [
        ("epoch", LogTimeEncoding.epoch), ("millis", .millis), ("nano", .nanos), ("nanos", .nanos),
        ("iso8601", .iso8601),
        ("rfc3339", .rfc3339), ("rfc3339nano", .rfc3339nano),
    ])
    func `accepts the time encodings of zap`(text: String, encoding: LogTimeEncoding) throws {
        #expect(try settings(["--zap-time-encoding", text]).value(OperatorOptions.logTimeEncoding) == encoding)
    }

    @Test func `suggests the nearest engine`() {
        let error = #expect(throws: UsageError.self) { try settings(["--engine", "tecton"]) }
        #expect(error?.description == "--engine: expected tekton or argo, not \"tecton\"; did you mean tekton?")
    }

    @Test(arguments: [
        ["--allowed-registries", "registry.example/a:1"], ["--allowed-registries", "registry"],
        ["--allowed-registries", "registry.example/a,other.example"], ["--allowed-resolvers", "bundles"],
        ["--allowed-resolvers", "Git"],
    ])
    func `rejects sources that would never match`(_ arguments: [String]) {
        let error = #expect(throws: UsageError.self) { try settings(arguments) }
        #expect(error?.description.hasPrefix("\(arguments[0]): ") == true)
    }

    @Test func `lists of allowed sources are repeated flags or lists in the file`() throws {
        let flags = try settings(["--allowed-registries", "index.docker.io", "--allowed-registries=r.example:5000/a"])
        #expect(try flags.value(OperatorOptions.allowedRegistries) == ["docker.io", "r.example:5000/a"])
        #expect(try flags.value(OperatorOptions.allowedResolvers) == [])
        let file = try settings(["--config", "x"], file: "allowedResolvers: [git, cluster]\n")
        #expect(try file.value(OperatorOptions.allowedResolvers) == ["git", "cluster"])
    }

    @Test func `rejects other time encodings`() {
        let error = #expect(throws: UsageError.self) { try settings(["--log-time-encoding", "rfc3399"]) }
        #expect(error?.description.hasSuffix("not \"rfc3399\"; did you mean rfc3339?") == true)
    }
}
