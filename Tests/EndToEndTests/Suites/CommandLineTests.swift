import Foundation
import KubeClient
import TestSupport
import Testing

/// The command lines of both executables.
@Suite struct CommandLineTests {
    private func run(
        _ executable: URL, _ arguments: [String]
    ) async throws -> (code: Int32, output: String, errors: String) {
        let directory = try await TestCluster.shared.directory
        let process = try ChildProcess(
            executable, arguments, directory: directory, name: "command-\(UUID().uuidString)")
        let code = try await process.exit(within: .seconds(20))
        return (code, process.output, process.errorOutput)
    }

    private static let commands = [
        (Repository.binary, ["operator", "version", "completion", "help"]),
        (Repository.sandbox, ["serve", "demo", "examples", "version", "completion", "help"]),
    ]

    @Test(arguments: commands) func `every command has a help that fits 80 columns`(
        executable: URL, commands: [String]
    ) async throws {
        let program = executable.lastPathComponent
        let overview = try await run(executable, ["--help"])
        #expect(overview.code == 0)
        #expect(try await run(executable, ["help"]).output == overview.output)
        for command in commands {
            #expect(overview.output.contains("\n  \(command)"))
            let help = try await run(executable, [command, "--help"])
            #expect(help.code == 0)
            #expect(help.output.contains("Usage: \(program) \(command)"))
            #expect(try await run(executable, ["help", command]).output == help.output)
            for line in (overview.output + help.output).split(separator: "\n") {
                #expect(line.count <= 80, "\(line)")
            }
        }
    }

    @Test(arguments: [Repository.binary, Repository.sandbox]) func `version prints version and commit`(
        executable: URL
    ) async throws {
        let text = try await run(executable, ["version"])
        #expect(text.code == 0)
        let program = executable.lastPathComponent
        #expect(text.output.wholeMatch(of: /[a-z-]+ [0-9]+\.[0-9]+\.[0-9]+ \(commit [0-9a-z-]+\)\n/) != nil)
        #expect(text.output.hasPrefix("\(program) "))
        #expect(try await run(executable, ["--version"]).output == text.output)
        let json = try JSONValue(parsing: try await run(executable, ["version", "-o", "json"]).output)
        #expect(
            text.output
                == "\(program) \(json["version"]?.stringValue ?? "") (commit \(json["commit"]?.stringValue ?? ""))\n")
    }

    @Test(arguments: [
        (Repository.binary, ["operator", "--poll-intervall", "10s"], "--poll-interval"),
        (Repository.binary, ["operator", "--workers", "none"], "--workers: expected a whole number"),
        (
            Repository.binary, ["operator", "--link-template", "Logs=https://x.example/{pod}"],
            "{engine}, {namespace}, {name}, {uid}"
        ),
        (
            Repository.binary, ["operator", "--link-preset", "argo=https://x.example"],
            "--link-preset: \"argo\": unknown preset"
        ),
        (Repository.binary, ["operator", "--log-level", "loud"], "debug, info, warn, error or panic"),
        (Repository.binary, ["oprator"], "did you mean operator?"),
        (Repository.binary, ["operator", "extra"], "extra"),
        (Repository.binary, ["completion"], "bash, zsh or fish"),
        (Repository.sandbox, ["serve", "--prot", "1"], "--port"),
        (Repository.sandbox, ["sandbox"], "unknown command \"sandbox\""),
        (Repository.sandbox, ["demo", "--force"], "--force needs --keep"),
        (Repository.sandbox, ["examples", "smallest-tekto"], "did you mean smallest-tekton?"),
    ])
    func `a mistake exits with 2 and names the fix`(executable: URL, arguments: [String], fix: String) async throws {
        let result = try await run(executable, arguments)
        #expect(result.code == 2)
        #expect(result.errors.contains(fix), "\(result.errors)")
    }

    @Test func `names a kubeconfig that does not exist`() async throws {
        let result = try await run(Repository.binary, ["operator", "--kubeconfig", "/nowhere/kubeconfig"])
        #expect(result.code == 1)
        #expect(result.errors.contains("/nowhere/kubeconfig"))
    }
}

/// Completion scripts in the shells that are installed.
@Suite struct CompletionTests {
    private func shell(_ name: String, _ script: String) async throws -> [Substring]? {
        let path = "/usr/bin/\(name)"
        guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
        let directory = try await TestCluster.shared.directory
        let process = try ChildProcess(
            URL(filePath: path), ["-c", script],
            environment: ["PATH": "\(Repository.binary.deletingLastPathComponent().path):/usr/bin:/bin"],
            directory: directory, name: "completion-\(UUID().uuidString)")
        let code = try await process.exit(within: .seconds(20))
        try #require(code == 0, "\(process.errorOutput)")
        return process.output.split(separator: "\n")
    }

    /// What bash offers for the last word of a command line.
    private func bash(_ words: String...) async throws -> [Substring]? {
        let program = words[0]
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        return try await shell(
            "bash",
            """
            source <(\(program) completion bash)
            compopt() { :; }
            COMP_WORDS=(\(quoted)) COMP_CWORD=\(words.count - 1)
            _\(program.replacing("-", with: "_"))
            printf '%s\\n' "${COMPREPLY[@]}"
            """)
    }

    @Test func `bash completes commands, flags and values`() async throws {
        guard let commands = try await bash("towline", "") else { return }
        #expect(commands == ["operator", "version", "completion", "help", "--help", "--version"])
        #expect(try await bash("towline", "op") == ["operator"])
        #expect(try await bash("towline", "operator", "--log-f") == ["--log-format"])
        #expect(try await bash("towline", "operator", "--log-format", "") == ["auto", "text", "json"])
        #expect(try await bash("towline", "operator", "--log-format", "=", "te") == ["text"])
        #expect(
            try await bash("towline", "operator", "--config", "/etc/host").map { $0.contains("/etc/hosts") } == true)
        #expect(try await bash("towline", "operator", "--workers", "") == [])
        #expect(try await bash("towline-sandbox", "serve", "--engines", "t") == ["tekton"])
        #expect(try await bash("towline-sandbox", "examples", "smallest-t") == ["smallest-tekton"])
    }

    @Test func `fish completes commands, flags and values`() async throws {
        // Each line is a candidate and its description.
        func fish(_ line: String) async throws -> [Substring]? {
            try await shell("fish", "towline completion fish | source; complete -C '\(line)'")?
                .compactMap { $0.split(separator: "\t").first }
        }
        guard let commands = try await fish("towline ") else { return }
        #expect(commands == ["completion", "help", "operator", "version"])
        #expect(try await fish("towline operator --log-f") == ["--log-format"])
        #expect(try await fish("towline operator --log-format ") == ["auto", "json", "text"])
        #expect(try await fish("towline help o") == ["operator"])
    }

    @Test(arguments: ["towline", "towline-sandbox"]) func `the zsh script loads`(program: String) async throws {
        let function = "_\(program.replacing("-", with: "_"))"
        let output = try await shell(
            "zsh",
            "autoload -U compinit; compinit -D -u; source <(\(program) completion zsh); print $_comps[\(program)]")
        #expect(output == nil || output == [Substring(function)])
    }
}
