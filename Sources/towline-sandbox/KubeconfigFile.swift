import CommandLineOptions
import FoundationEssentials
import KubeClient
import Sandbox

/// The kubeconfig that the sandbox writes for its clients.
///
/// It never replaces a file that another program wrote, unless the user forces it.
struct KubeconfigFile: Sendable {
    static let path = Option(
        "kubeconfig-out", optional: .path, reach: .commandLine,
        help: """
            Write the kubeconfig to this file instead of towline-sandbox-PORT.kubeconfig in the temporary directory, \
            which is removed on exit.
            """)
    static let force = Option(
        "force", .toggle, default: "false", reach: .commandLine,
        help: "Overwrite the file of --kubeconfig-out even if the sandbox did not write it.")

    private let path: String?
    private let overwrites: Bool

    init(_ settings: Settings) throws(UsageError) {
        self.init(path: try settings.value(Self.path), overwrites: try settings.value(Self.force))
    }

    /// - Parameter path: nil for a default that depends on the port, so that two sandboxes do not share it.
    init(path: String?, overwrites: Bool) {
        (self.path, self.overwrites) = (path, overwrites)
    }

    /// Throws if the given file exists and the sandbox did not write it.
    func check() throws(UsageError) {
        if let path { try check(path) }
    }

    /// Writes the file and returns its path.
    func write(_ server: SandboxServer) throws(UsageError) -> String {
        let path = path ?? Self.defaultPath(server.port)
        try check(path)
        do {
            try Data(server.kubeconfig.encoded).write(to: URL(filePath: path), options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        } catch {
            throw UsageError("--kubeconfig-out: cannot write \(path): \(error)", exitCode: 1)
        }
        return path
    }

    /// Removes the file at exit, unless the user chose its path.
    func remove(_ written: String) {
        guard path == nil else { return }
        try? FileManager.default.removeItem(atPath: written)
    }

    private func check(_ path: String) throws(UsageError) {
        guard !overwrites, FileManager.default.fileExists(atPath: path), !Self.isOurs(path) else { return }
        throw UsageError(
            "--kubeconfig-out: \(path) exists and was not written by the sandbox; choose another path, or add --force "
                + "to overwrite it")
    }

    static func defaultPath(_ port: UInt16) -> String {
        FileManager.default.temporaryDirectory.appending(path: "towline-sandbox-\(port).kubeconfig").path()
    }

    /// True if a file has the sandbox's cluster, user and context and no others.
    private static func isOurs(_ path: String) -> Bool {
        guard case .success(let bytes) = BoundedFile.read(path),
            let documents = try? YAML.documents(bytes, source: path), documents.count == 1
        else { return false }
        return ["clusters", "contexts", "users"].allSatisfy { list in
            documents[0][list]?.arrayValue?.map { $0["name"]?.stringValue } == ["towline-sandbox"]
        }
    }
}
