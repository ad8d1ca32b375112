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
