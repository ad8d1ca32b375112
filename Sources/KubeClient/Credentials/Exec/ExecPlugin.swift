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
