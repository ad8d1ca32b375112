#if canImport(Glibc)
import Glibc
#endif

/// The credential from an exec plugin, cached until shortly before it expires.
///
/// The plugin runs on a separate queue, once for all waiting requests. After a 401 it runs again, but not within ten
/// seconds of its last run. Its standard error becomes part of error messages; its standard output is secret and never
/// leaves this type.
public struct ExecCredential: CredentialSource {
    /// How long before its expiry a credential is replaced.
    static let leeway = Duration.seconds(10)
    /// The minimum interval between runs if credentials are short-lived.
    static let shortestInterval = Duration.seconds(5)

    private let value: RefreshedValue<Credential>

    /// - Parameters:
    ///   - origin: the kubeconfig entry of the plugin, for messages.
    ///   - environment: the environment of the process.
    ///   - timeout: how long the plugin may run before it is killed.
    public init(
        plugin: ExecPlugin, origin: String, environment: [String: String], timeout: Duration = .seconds(60),
        clock: WallClock = .system
    ) {
        value = RefreshedValue(
            label: "towline.exec-credential", minimumInterval: .seconds(10), clock: clock
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

/// An exec plugin (`client.authentication.k8s.io`) as a kubeconfig describes it.
public struct ExecPlugin: Hashable, Sendable {
    /// The version of the protocol: `client.authentication.k8s.io/v1` or `…/v1beta1`.
    public let apiVersion: String
    /// A path, or a name to look up in `PATH`.
    public let command: String
    public let arguments: [String]
    /// Variables added to the environment of this process.
    public let environment: [String: String]
    /// The message to show if the program is missing.
    public let installHint: String
    /// The cluster information for the plugin; nil unless `provideClusterInfo` is set.
    public let cluster: Cluster?

    /// The cluster that the credential is for.
    public struct Cluster: Hashable, Sendable {
        public let server: String
        public let serverName: String
        public let skipsVerification: Bool
        public let certificateAuthority: PEMSource?
        public let proxyURL: String
        public let disablesCompression: Bool
        /// The cluster's extension `client.authentication.k8s.io/exec`, which is meant for the plugin.
        public let configuration: JSONValue?
    }

    public init(
        apiVersion: String, command: String, arguments: [String] = [], environment: [String: String] = [:],
        installHint: String = "", cluster: Cluster? = nil
    ) {
        self.apiVersion = apiVersion
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.installHint = installHint
        self.cluster = cluster
    }

    static let apiGroup = "client.authentication.k8s.io"
    static let apiVersions = ["\(apiGroup)/v1", "\(apiGroup)/v1beta1"]
}

extension ExecPlugin {
    /// Returns the path of the program; nil if it does not exist.
    ///
    /// - Parameter searchPath: directories separated by colons, as in `PATH`; relative ones are ignored.
    func executable(searchPath: String, isExecutable: (String) -> Bool) -> String? {
        if command.contains("/") { return isExecutable(command) ? command : nil }
        for directory in searchPath.split(separator: ":") where directory.hasPrefix("/") {
            let path = "\(directory)/\(command)"
            if isExecutable(path) { return path }
        }
        return nil
    }

    /// The value of `KUBERNETES_EXEC_INFO`. The plugin never gets a terminal, because this process is a service.
    func information() -> Result<String, CredentialError> {
        var spec: JSONObject = ["interactive": false]
        if let cluster {
            switch cluster.json() {
            case .success(let object): spec["cluster"] = .object(object)
            case .failure(let error): return .failure(error)
            }
        }
        let object: JSONValue = [
            "apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": .object(spec),
        ]
        return .success(object.encodedString)
    }
}

extension ExecPlugin.Cluster {
    fileprivate func json() -> Result<JSONObject, CredentialError> {
        var object: JSONObject = ["server": .string(server)]
        if !serverName.isEmpty { object["tls-server-name"] = .string(serverName) }
        if skipsVerification { object["insecure-skip-tls-verify"] = true }
        if !proxyURL.isEmpty { object["proxy-url"] = .string(proxyURL) }
        if disablesCompression { object["disable-compression"] = true }
        if let configuration { object["config"] = configuration }
        guard let certificateAuthority else { return .success(object) }
        return certificateAuthority.contents().map { bytes in
            object["certificate-authority-data"] = .string(Base64.encode(bytes))
            return object
        }
    }
}

/// Runs an exec plugin and parses its output.
struct ExecPluginRun {
    let plugin: ExecPlugin
    let environment: [String: String]
    let timeout: Duration

    struct Problem: Error {
        let message: String
    }

    /// Runs the plugin; blocks until it ends.
    func credential(now: () -> Timestamp) -> Result<RefreshState<Credential>.Loaded, Problem> {
        var environment = environment.merging(plugin.environment) { $1 }
        switch plugin.information() {
        case .success(let information): environment["KUBERNETES_EXEC_INFO"] = information
        case .failure(let error): return .failure(Problem(message: error.description))
        }
        // A PATH among the plugin's own variables applies only to programs that the plugin starts.
        let searchPath = self.environment["PATH"] ?? ""
        guard let path = plugin.executable(searchPath: searchPath, isExecutable: Self.isExecutable) else {
            return .failure(missing)
        }
        let process = ChildProcess(
            path: path, arguments: plugin.arguments, environment: environment, timeout: timeout)
        let ending = process.run()
        switch ending.outcome {
        case .exited(code: 0): return ExecPluginOutput(apiVersion: plugin.apiVersion).read(ending.output, now: now())
        case .notStarted(errno: ENOENT): return .failure(missing)
        case .notStarted(let code): return failure("could not be started: \(String(cString: strerror(code)))", ending)
        case .exited(let code): return failure("exited with code \(code)", ending)
        case .killed(let signal): return failure("was killed by signal \(signal)", ending)
        case .timedOut: return failure("did not finish within \(timeout)", ending)
        case .wroteTooMuch: return failure("wrote more than \(ChildProcess.maximumOutput) bytes", ending)
        }
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return access(path, X_OK) == 0 && stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }

    private var missing: Problem {
        let place = plugin.command.contains("/") ? "is not an executable file" : "was not found in PATH"
        let hint = Self.printable(Array(plugin.installHint.utf8))
        return Problem(message: hint.isEmpty ? "\(place); install it" : "\(place). \(hint)")
    }

    private func failure(
        _ what: String, _ ending: ChildProcess.Ending
    ) -> Result<RefreshState<Credential>.Loaded, Problem> {
        let text = Self.printable(ending.errorText)
        return .failure(Problem(message: text.isEmpty ? what : "\(what): \(text)"))
    }

    /// The text on one line without control characters, for messages.
    private static func printable(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(ChildProcess.maximumErrorText), as: UTF8.self)
        let visible = text.unicodeScalars.split { $0.properties.generalCategory == .control || $0 == " " }
        return visible.map { String($0) }.joined(separator: " ")
    }
}

/// Parses the `ExecCredential` that a plugin writes as JSON or YAML. Messages never quote it, because it is secret.
struct ExecPluginOutput {
    /// The version that the kubeconfig asks for.
    let apiVersion: String

    typealias Problem = ExecPluginRun.Problem

    func read(_ bytes: [UInt8], now: Timestamp) -> Result<RefreshState<Credential>.Loaded, Problem> {
        do throws(Problem) {
            return .success(try credential(bytes, now: now))
        } catch {
            return .failure(error)
        }
    }

    private func credential(_ bytes: [UInt8], now: Timestamp) throws(Problem) -> RefreshState<Credential>.Loaded {
        let json = (try? JSONValue(parsing: bytes)) ?? (try? YAML.firstDocument(bytes, source: "output"))
        guard let output = json, output.objectValue != nil else {
            throw Problem(message: "its output is not a JSON or YAML object")
        }
        // As in client-go, the kind may be missing.
        let kind = output["kind"].flatMap { $0 == .null || $0 == "" ? Optional.none : $0 } ?? "ExecCredential"
        guard kind == "ExecCredential", output["apiVersion"]?.stringValue == apiVersion else {
            throw Problem(
                message:
                    "its output is not an ExecCredential of \(apiVersion); use the same apiVersion in the plugin and "
                    + "the kubeconfig")
        }
        guard let status = output["status"], status.objectValue != nil else {
            throw Problem(message: "its output has no status")
        }
        let token = try text(status, "token")
        let credential = Credential(
            authorization: token.map { "Bearer \($0)" }, clientCertificate: try certificate(status))
        guard credential != .none else {
            throw Problem(message: "its output has neither a token nor a client certificate")
        }
        guard let expiration = try text(status, "expirationTimestamp") else {
            return RefreshState.Loaded(value: credential, refreshAt: nil, usableUntil: nil)
        }
        guard let end = Timestamp(rfc3339: expiration) else {
            throw Problem(message: "the expirationTimestamp in its output is not an RFC 3339 time")
        }
        let refreshAt = max(end - ExecCredential.leeway, now + ExecCredential.shortestInterval)
        return RefreshState.Loaded(value: credential, refreshAt: refreshAt, usableUntil: end)
    }

    private func certificate(_ status: JSONValue) throws(Problem) -> ClientCertificate? {
        let certificate = try text(status, "clientCertificateData")
        let key = try text(status, "clientKeyData")
        if certificate == nil, key == nil { return nil }
        guard let certificate, let key else {
            throw Problem(message: "its output has only one of clientCertificateData and clientKeyData")
        }
        return ClientCertificate(certificate: Array(certificate.utf8), key: Array(key.utf8))
    }

    /// The string value of a member; nil if it is absent, null or empty.
    private func text(_ status: JSONValue, _ key: String) throws(Problem) -> String? {
        guard let value = status[key], !value.isNull else { return nil }
        guard var text = value.stringValue else { throw Problem(message: "the \(key) in its output is not a string") }
        if key == "token" { text = text.droppingBlanksAtEnd }
        // A line break would start another header.
        guard key != "token" || text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem(message: "the token in its output has invalid characters")
        }
        return text.isEmpty ? nil : text
    }
}
