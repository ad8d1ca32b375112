import Foundation
import KubeClient
import Sandbox
import Testing

@testable import CommandLineOptions
@testable import towline_sandbox

@Suite struct KubeconfigFileTests {
    private let directory: URL
    private let server: SandboxServer

    init() throws {
        directory = URL.temporaryDirectory.appending(path: "kubeconfig-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        server = try SandboxServer()
    }

    private func end() async {
        await server.shutdown()
        try? FileManager.default.removeItem(at: directory)
    }

    @Test func `overwrites a file of a sandbox`() async throws {
        let path = directory.appending(path: "config").path
        let file = KubeconfigFile(path: path, overwrites: false)
        #expect(try file.write(server) == path)
        #expect(try file.write(server) == path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        file.remove(path)
        #expect(FileManager.default.fileExists(atPath: path), "the user chose the path")
        await end()
    }

    @Test(arguments: [
        "", "no YAML: [", "{kind: Config, clusters: [], contexts: [], users: []}",
        // Merged with another cluster.
        """
        clusters: [{name: towline-sandbox}, {name: production}]
        contexts: [{name: towline-sandbox}, {name: production}]
        users: [{name: towline-sandbox}, {name: production}]
        """,
    ])
    func `keeps a file of another program unless forced`(text: String) async throws {
        let path = directory.appending(path: "config").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: UsageError.self) { try KubeconfigFile(path: path, overwrites: false).check() }
        #expect(error?.description.contains("\(path) exists and was not written by the sandbox") == true)
        #expect(throws: UsageError.self) { try KubeconfigFile(path: path, overwrites: false).write(server) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        _ = try KubeconfigFile(path: path, overwrites: true).write(server)
        #expect(try String(contentsOfFile: path, encoding: .utf8).contains(server.url))
        await end()
    }

    @Test func `two sandboxes have different default files`() async throws {
        let other = try SandboxServer()
        let file = KubeconfigFile(path: nil, overwrites: false)
        let paths = try [file.write(server), file.write(other)]
        #expect(paths[0] != paths[1])
        for path in paths { file.remove(path) }
        #expect(!FileManager.default.fileExists(atPath: paths[0]))
        await other.shutdown()
        await end()
    }
}
