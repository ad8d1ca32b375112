#if canImport(Glibc)
import Glibc
#endif

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

/// A program that hands out credentials (`client.authentication.k8s.io`), as a kubeconfig describes it.
public struct ExecPlugin: Hashable, Sendable {
    /// `client.authentication.k8s.io/v1` or `…/v1beta1`: what the program is to speak.
    public let apiVersion: String
    /// A path, or a name to be found in `PATH`.
    public let command: String
    public let arguments: [String]
    /// What the program's environment has besides the one of this process.
    public let environment: [String: String]
    /// Told when the program is missing.
    public let installHint: String
    /// What the program is told of the cluster; nil when it did not ask.
    public let cluster: Cluster?

    /// The cluster that a credential is for, as the program is told.
    public struct Cluster: Hashable, Sendable {
        public let server: String
        public let serverName: String
        public let skipsVerification: Bool
        public let certificateAuthority: PEMSource?
        public let proxyURL: String
        public let disablesCompression: Bool
        /// The cluster's extension `client.authentication.k8s.io/exec`, for this program only.
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
    /// The program's file; nil when there is none.
    ///
    /// - Parameter searchPath: directories divided by colons, as in `PATH`; those that are not absolute are passed over.
    func executable(searchPath: String, isExecutable: (String) -> Bool) -> String? {
        if command.contains("/") { return isExecutable(command) ? command : nil }
        for directory in searchPath.split(separator: ":") where directory.hasPrefix("/") {
            let path = "\(directory)/\(command)"
            if isExecutable(path) { return path }
        }
        return nil
    }

    /// The value of `KUBERNETES_EXEC_INFO`. The program never gets a terminal: this is a service.
    func information() -> Result<String, CredentialError> {
        var spec: JSONObject = ["interactive": false]
        if let cluster {
            switch cluster.json() {
            case .success(let object): spec["cluster"] = .object(object)
            case .failure(let error): return .failure(error)
            }
        }
        let whole: JSONValue = [
            "apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": .object(spec),
        ]
        return .success(whole.encodedString)
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

/// One run of an exec plugin, from its command line to the credential.
struct ExecPluginRun {
    let plugin: ExecPlugin
    let environment: [String: String]
    let timeout: Duration

    struct Problem: Error {
        let message: String
    }

    /// Runs the plugin; blocks until it has ended.
    func credential(now: () -> Timestamp) -> Result<RefreshState<Credential>.Loaded, Problem> {
        var environment = environment.merging(plugin.environment) { $1 }
        switch plugin.information() {
        case .success(let information): environment["KUBERNETES_EXEC_INFO"] = information
        case .failure(let error): return .failure(Problem(message: error.description))
        }
        // The plugin's own PATH is for what it starts itself.
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
        case .notStarted(let code): return failure("cannot be started: \(String(cString: strerror(code)))", ending)
        case .exited(let code): return failure("exited with code \(code)", ending)
        case .killed(let signal): return failure("was killed by signal \(signal)", ending)
        case .timedOut: return failure("did not end within \(timeout)", ending)
        case .wroteTooMuch: return failure("wrote more than \(ChildProcess.maximumOutput) bytes", ending)
        }
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return access(path, X_OK) == 0 && stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }

    private var missing: Problem {
        let place = plugin.command.contains("/") ? "is no executable file" : "is in no directory of PATH"
        let hint = Self.printable(Array(plugin.installHint.utf8))
        return Problem(message: hint.isEmpty ? "\(place); install it" : "\(place). \(hint)")
    }

    private func failure(
        _ what: String, _ ending: ChildProcess.Ending
    ) -> Result<RefreshState<Credential>.Loaded, Problem> {
        let text = Self.printable(ending.errorText)
        return .failure(Problem(message: text.isEmpty ? what : "\(what): \(text)"))
    }

    /// Foreign text made fit for one line of a message: no control characters, no blanks at its ends.
    private static func printable(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(ChildProcess.maximumErrorText), as: UTF8.self)
        let visible = text.unicodeScalars.split { $0.properties.generalCategory == .control || $0 == " " }
        return visible.map { String($0) }.joined(separator: " ")
    }
}

/// Reads the `ExecCredential` that a plugin writes, as JSON or YAML. No message repeats any of its text, which is secret.
struct ExecPluginOutput {
    /// The version the plugin was asked to speak.
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
        guard let whole = json, whole.objectValue != nil else {
            throw Problem(message: "its output is no JSON or YAML object")
        }
        // Without a kind it is taken for the one that is expected.
        let kind = whole["kind"].flatMap { $0 == .null || $0 == "" ? Optional.none : $0 } ?? "ExecCredential"
        guard kind == "ExecCredential", whole["apiVersion"]?.stringValue == apiVersion else {
            throw Problem(
                message: "its output is no ExecCredential of \(apiVersion); let the plugin and the kubeconfig "
                    + "name the same apiVersion")
        }
        guard let status = whole["status"], status.objectValue != nil else {
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
            throw Problem(message: "its output's expirationTimestamp is no RFC 3339 time")
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

    /// A member that is a string; nil when it is absent, null or empty.
    private func text(_ status: JSONValue, _ key: String) throws(Problem) -> String? {
        guard let value = status[key], !value.isNull else { return nil }
        guard var text = value.stringValue else { throw Problem(message: "its output's \(key) is no string") }
        if key == "token" { text = text.droppingBlanksAtEnd }
        // A header cannot carry it, and what stands after a line break would be a header of its own.
        guard key != "token" || text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem(message: "its output's token has bytes that no token has")
        }
        return text.isEmpty ? nil : text
    }
}
