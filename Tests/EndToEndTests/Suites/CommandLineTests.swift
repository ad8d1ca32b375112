import Foundation
import TestSupport
import Testing

/// The executable's command line.
@Suite struct CommandLineTests {
    private func towline(_ arguments: String...) async throws -> (code: Int32, output: String, errors: String) {
        let directory = try await TestCluster.shared.directory
        let process = try ChildProcess(
            Repository.binary, arguments, directory: directory, name: "command-\(UUID().uuidString)")
        let code = try await process.exit(within: .seconds(20))
        return (code, process.output, process.errorOutput)
    }

    @Test func `prints version and help`() async throws {
        let version = try await towline("version")
        #expect(version.code == 0)
        #expect(version.output.hasPrefix("towline "))
        for command in ["operator", "sandbox", "demo", "version"] {
            let help = try await towline(command, "--help")
            #expect(help.code == 0)
            #expect(help.output.contains("Usage: towline \(command)"))
        }
        #expect(try await towline("--help").code == 0)
    }

    @Test(arguments: [
        (["operator", "--poll-intervall", "10s"], "--poll-interval"),
        (["operator", "--workers", "none"], "--workers: expected a whole number"),
        (["operator", "--link-template", "Logs=https://x.example/{pod}"], "{engine}, {namespace}, {name}, {uid}"),
        (
            ["operator", "--link-preset", "argo=https://x.example"],
            "--link-preset: \"argo\": unknown preset"
        ),
        (["operator", "--log-level", "loud"], "debug, info, warn, error or panic"),
        (["sandbox", "--prot", "1"], "--port"),
        (["sandbx"], "sandbox"),
        (["operator", "extra"], "extra"),
    ])
    func `exits with 2 and a hint on usage errors`(arguments: [String], hint: String) async throws {
        let directory = try await TestCluster.shared.directory
        let process = try ChildProcess(
            Repository.binary, arguments, directory: directory, name: "command-\(UUID().uuidString)")
        #expect(try await process.exit(within: .seconds(20)) == 2)
        #expect(process.errorOutput.contains(hint), "\(process.errorOutput)")
    }

    @Test func `names a missing kubeconfig`() async throws {
        let result = try await towline("operator", "--kubeconfig", "/nowhere/kubeconfig")
        #expect(result.code == 1)
        #expect(result.errors.contains("/nowhere/kubeconfig"))
    }
}
