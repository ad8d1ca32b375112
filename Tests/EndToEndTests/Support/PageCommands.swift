import Foundation
import TestSupport
import Testing

/// The commands of a documentation page.
enum PageCommands {
    /// The shell blocks of a page, in order.
    static func blocks(of page: String) throws -> [String] {
        let text = try Repository.text(page)
        return text.components(separatedBy: "\n```sh\n").dropFirst().compactMap { part in
            part.components(separatedBy: "\n```").first
        }
    }
}

/// A shell for a page's commands: a folder with the needed files of the checkout, and a kubeconfig.
struct PageReader {
    let cluster: TestCluster
    let folder: URL
    private let kubeconfig: URL

    /// Creates the folder with copies of the files that the commands use.
    init(_ cluster: TestCluster, with paths: [String] = []) throws {
        self.cluster = cluster
        kubeconfig = cluster.kubeconfig
        folder = try Self.makeFolder(cluster)
        for path in paths {
            try FileManager.default.copyItem(
                at: Repository.file(path), to: folder.appending(path: path))
        }
    }

    /// Creates an empty folder and a kubeconfig whose current context has the namespace.
    init(_ cluster: TestCluster, namespace: String) async throws {
        self.cluster = cluster
        folder = try Self.makeFolder(cluster)
        kubeconfig = folder.appending(path: "kubeconfig")
        try FileManager.default.copyItem(at: cluster.kubeconfig, to: kubeconfig)
        let result = try await run("kubectl config set-context --current --namespace='\(namespace)'")
        try #require(result.exitCode == 0, "\(result.errorOutput)")
    }

    private static func makeFolder(_ cluster: TestCluster) throws -> URL {
        let folder = cluster.directory.appending(path: "checkout-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    /// Runs a block until the first command that fails; returns the output.
    func run(_ block: String, within limit: Duration = .seconds(180)) async throws -> Tool.Result {
        let shell = try ChildProcess(
            URL(filePath: "/bin/sh"), ["-e", "-u", "-c", "cd '\(folder.path)'\n\(block)"],
            environment: [
                "KUBECONFIG": kubeconfig.path, "HOME": cluster.directory.path,
                "KUBECACHEDIR": cluster.directory.appending(path: "kubectl-cache").path,
            ],
            directory: cluster.directory, name: "block-\(UUID().uuidString)")
        let code = try await shell.exit(within: limit)
        return Tool.Result(exitCode: code, output: shell.output, errorOutput: shell.errorOutput)
    }
}
