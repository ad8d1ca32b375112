/// The credential that an exec plugin hands out, kept until shortly before it expires.
///
/// The program runs on a queue of its own, once for all requests that wait. After a 401 it runs again, but not within
/// ten seconds of its last run. What it writes to its standard error becomes part of the error message; what it writes
/// to its standard output is a secret and never leaves this type.
public struct ExecCredential: CredentialSource {
    /// How long before its end a credential is replaced.
    static let leeway = Duration.seconds(10)
    /// How often the program runs at most when its credentials are short-lived.
    static let shortestInterval = Duration.seconds(5)

    private let value: RefreshedValue<Credential>

    /// - Parameters:
    ///   - origin: where the plugin is defined, for messages.
    ///   - environment: the environment of this process.
    ///   - timeout: after this time the program is killed.
    public init(
        plugin: ExecPlugin, origin: String, environment: [String: String], timeout: Duration = .seconds(60),
        clock: WallClock = .system
    ) {
        value = RefreshedValue(
            label: "towline.exec-credential", settlingTime: .seconds(10), clock: clock
        ) {
            let run = ExecPluginRun(plugin: plugin, environment: environment, timeout: timeout)
            return run.credential(now: clock.now).mapError { problem in
                .unavailable("exec plugin \"\(plugin.command)\" (\(origin)): \(problem.message)")
            }
        }
    }

    public func credential(refresh: Bool) async throws(CredentialError) -> Credential {
        try await value.current(refresh: refresh)
    }
}
