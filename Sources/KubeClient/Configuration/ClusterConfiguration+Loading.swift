extension ClusterConfiguration {
    /// Loads the configuration in the order of controller-runtime: the explicit kubeconfig, the files in `KUBECONFIG`,
    /// the pod's service account, `~/.kube/config`.
    ///
    /// The pod's service account is also used if the files in `KUBECONFIG` do not exist or choose no context. It is
    /// ignored if `context` is set, because it is not a context.
    ///
    /// Reads files synchronously, so call it at startup.
    /// - Parameters:
    ///   - explicitPath: a kubeconfig file that must exist; no other file is read.
    ///   - context: the context to use; nil for the current one.
    ///   - environment: the environment of the process, which exec plugins inherit.
    public static func load(
        explicitPath: String? = nil, context: String? = nil, environment: [String: String],
        serviceAccountDirectory: String = serviceAccountDirectory, clock: WallClock = .system
    ) throws(ConfigurationError) -> ClusterConfiguration {
        let process = Kubeconfig.ProcessEnvironment(environment: environment, clock: clock)
        if let explicitPath, !explicitPath.isEmpty {
            return try Kubeconfig.file(explicitPath).configuration(context: context, process)
        }
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            let files = try Kubeconfig.files(list: list)
            if files.isEmpty, context == nil,
                let pod = try? inCluster(environment: environment, directory: serviceAccountDirectory, clock: clock)
            {
                return pod
            }
            guard !files.files.isEmpty else {
                throw ConfigurationError(
                    "KUBECONFIG is \"\(list)\", but none of these files exist; correct or unset it")
            }
            return try files.configuration(context: context, process)
        }
        var podError: ConfigurationError?
        if context == nil {
            do throws(ConfigurationError) {
                let pod = try inCluster(environment: environment, directory: serviceAccountDirectory, clock: clock)
                if let pod { return pod }
            } catch {
                // A pod without a service account may have a kubeconfig in its home directory.
                podError = error
            }
        }
        guard let home = environment["HOME"], !home.isEmpty else { throw podError ?? nothingFound }
        let path = "\(home)/.kube/config"
        switch BoundedFile.read(path, upTo: Kubeconfig.maximumSize) {
        case .success(let bytes):
            return try Kubeconfig(bytes, file: path).configuration(context: context, process)
        case .failure(let error) where error.isMissing: throw podError ?? nothingFound
        case .failure(let error): throw ConfigurationError("kubeconfig: \(error.message)")
        }
    }

    private static var nothingFound: ConfigurationError {
        ConfigurationError(
            "no cluster is configured; set --kubeconfig or KUBECONFIG, create ~/.kube/config, or run in a pod with a "
                + "service account")
    }
}

/// The configuration of a pod.
extension ClusterConfiguration {
    /// The directory of a pod with the token, the certificate authority and the namespace of its service account.
    public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The configuration of the pod that this process runs in; nil outside a pod. Reads files synchronously.
    public static func inCluster(
        environment: [String: String], directory: String = serviceAccountDirectory, clock: WallClock = .system
    ) throws(ConfigurationError) -> ClusterConfiguration? {
        let host = environment["KUBERNETES_SERVICE_HOST"] ?? ""
        let port = environment["KUBERNETES_SERVICE_PORT"] ?? ""
        guard !host.isEmpty, !port.isEmpty else { return nil }
        guard let number = UInt16(port), number > 0 else {
            throw ConfigurationError("KUBERNETES_SERVICE_PORT is \"\(port)\", which is not a port number")
        }
        for name in ["token", "ca.crt"] {
            if case .failure(let error) = BoundedFile.read("\(directory)/\(name)") {
                throw ConfigurationError(
                    "this process runs in a pod without a service account token: \(error.message); "
                        + "set automountServiceAccountToken or pass --kubeconfig")
            }
        }
        return ClusterConfiguration(
            server: "https://\(host.contains(":") ? "[\(host)]" : host):\(number)",
            tls: TLSConfiguration(
                certificateAuthority: CertificateAuthority(path: "\(directory)/ca.crt", clock: clock)),
            credentials: TokenFileCredential(path: "\(directory)/token", clock: clock),
            namespace: namespace(environment: environment, directory: directory),
            origin: "the pod's service account")
    }

    private static func namespace(environment: [String: String], directory: String) -> String {
        if let name = environment["POD_NAMESPACE"], !name.isEmpty { return name }
        guard case .success(let bytes) = BoundedFile.read("\(directory)/namespace") else { return "default" }
        let name = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        return name.isEmpty ? "default" : name
    }
}
