import Testing

@testable import CommandLineOptions

@Suite struct EnvironmentSourceTests {
    private func refusal(_ environment: [String: String]) -> UsageError? {
        #expect(throws: UsageError.self) { try Samples.settings(environment: environment) }
    }

    @Test func `reads each option from its variable`() throws {
        let settings = try Samples.settings(environment: [
            "TOWLINE_WORKER_COUNT": "7", "TOWLINE_QUIET": "true", "TOWLINE_NAME": "a,b", "TOWLINE_FRUIT": "",
            "PATH": "/bin", "OTHER_WORKER_COUNT": "x",
        ])
        #expect(try settings.value(Samples.workers) == 7)
        #expect(try settings.value(Samples.quiet))
        #expect(try settings.value(Samples.names) == ["a", "b"])
        // An empty variable is not set.
        #expect(try settings.value(Samples.fruit) == .apple)
    }

    @Test(arguments: [
        (
            "TOWLINE_WORKER_COUNTS",
            "unknown environment variable TOWLINE_WORKER_COUNTS; did you mean TOWLINE_WORKER_COUNT?"
        ),
        ("TOWLINE_SOMETHING_ELSE", "unset it"),
        // Flags of the command line only have no variable, and aliases have none.
        ("TOWLINE_NOW", "unknown environment variable TOWLINE_NOW"),
        ("TOWLINE_THREADS", "unknown environment variable TOWLINE_THREADS"),
    ])
    func `rejects unknown variables`(name: String, fix: String) {
        let error = refusal([name: "1"])
        #expect(error?.description.contains(fix) == true, "\(error.debugDescription)")
        #expect(error?.exitCode == 1)
    }

    @Test(arguments: [
        ("TOWLINE_WORKER_COUNT", "9", "TOWLINE_WORKER_COUNT: expected a whole number from 1 to 8, not \"9\""),
        ("TOWLINE_QUIET", "yes", "TOWLINE_QUIET: expected true or false, not \"yes\""),
        ("TOWLINE_NAME", "a,,b", "TOWLINE_NAME: expected the name of a namespace, not \"\""),
    ])
    func `an error about a value names the variable`(name: String, text: String, message: String) {
        #expect(refusal([name: text])?.description == message)
    }

    /// The variables that a kubelet sets for the services `towline` and `towline-operator-metrics`.
    private let links = [
        "TOWLINE_SERVICE_HOST": "10.0.0.1", "TOWLINE_SERVICE_PORT": "80", "TOWLINE_PORT": "tcp://10.0.0.1:80",
        "TOWLINE_PORT_80_TCP": "tcp://10.0.0.1:80", "TOWLINE_PORT_80_TCP_PROTO": "tcp",
        "TOWLINE_PORT_80_TCP_PORT": "80",
        "TOWLINE_PORT_80_TCP_ADDR": "10.0.0.1", "TOWLINE_OPERATOR_METRICS_SERVICE_HOST": "10.0.0.2",
        "TOWLINE_OPERATOR_METRICS_SERVICE_PORT": "8080", "TOWLINE_OPERATOR_METRICS_SERVICE_PORT_METRICS": "8080",
        "TOWLINE_OPERATOR_METRICS_PORT": "tcp://10.0.0.2:8080",
        "TOWLINE_OPERATOR_METRICS_PORT_8080_TCP": "tcp://10.0.0.2:8080",
        "TOWLINE_OPERATOR_METRICS_PORT_8080_TCP_PROTO": "tcp",
        "TOWLINE_OPERATOR_METRICS_PORT_8080_TCP_PORT": "8080",
        "TOWLINE_OPERATOR_METRICS_PORT_8080_TCP_ADDR": "10.0.0.2",
    ]

    @Test func `ignores the service variables of Kubernetes`() throws {
        let settings = try Samples.settings(environment: links.merging(["TOWLINE_QUIET": "true"]) { $1 })
        #expect(try settings.value(Samples.quiet))
    }

    @Test func `rejects the same variables without their service`() {
        #expect(refusal(["TOWLINE_PORT": "tcp://10.0.0.1:80"]) != nil)
        #expect(refusal(["TOWLINE_METRICS_SERVICE_HOST": "10.0.0.1"]) != nil)
        #expect(refusal(links.merging(["TOWLINE_WORKERS": "3"]) { $1 }) != nil)
    }
}
