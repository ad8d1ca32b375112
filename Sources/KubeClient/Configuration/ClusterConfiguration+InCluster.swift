/// The identity that the kubelet gives to a pod.
extension ClusterConfiguration {
    /// Where a pod finds the token, the certificate authority and the namespace of its service account.
    public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The configuration of the pod that this process runs in; nil when it runs in none. Blocks on small files.
    public static func inCluster(
        environment: [String: String], directory: String = serviceAccountDirectory, clock: WallClock = .system
    ) throws(ConfigurationError) -> ClusterConfiguration? {
        let host = environment["KUBERNETES_SERVICE_HOST"] ?? ""
        let port = environment["KUBERNETES_SERVICE_PORT"] ?? ""
        guard !host.isEmpty, !port.isEmpty else { return nil }
        guard let number = UInt16(port), number > 0 else {
            throw ConfigurationError("KUBERNETES_SERVICE_PORT is \"\(port)\", which is no port")
        }
        for name in ["token", "ca.crt"] {
            if case .failure(let error) = BoundedFile.read("\(directory)/\(name)") {
                throw ConfigurationError(
                    "this looks like a pod, but its service account is not there: \(error.message); "
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
