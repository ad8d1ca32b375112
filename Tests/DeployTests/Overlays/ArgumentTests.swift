import Foundation
import TestSupport
import Testing

/// What the manifests tell the operator is what it understands: it is asked, with every value from the manifests.
@Suite struct ArgumentTests {
    /// Has the operator read its arguments and variables, and end.
    static func check(_ installation: Installation) async throws {
        let operators = installation.containers.filter { $0.container["name"] == "operator" }
        #expect(!operators.isEmpty)
        for (path, container) in operators {
            #expect(container.list("env").isEmpty, "\(path): variables are not looked at")
            let said = try await Tool(executable: Repository.builtProgram("towline"))
                .output(container.texts("args") + ["--print-config"])
            #expect(said.contains("leaderElect: true"), "\(path)")
        }
    }

    @Test func ofTheSingleFile() async throws { try await Self.check(Installation.singleFile()) }

    @Test(.enabled(if: Tool.installed("kubectl") != nil, "kubectl is not installed"), arguments: Installation.overlays)
    func ofAnOverlay(_ name: String) async throws {
        try await Self.check(Installation.overlay(name))
    }

    @Test func whatItDoesNotUnderstandIsAFailure() async throws {
        var installation = try Installation.singleFile()
        for index in installation.objects.indices where installation.objects[index].kind == "Deployment" {
            installation.objects[index][path: ["spec", "template", "spec", "containers"]] = [
                ["name": "operator", "args": ["operator", "--leader-elekt"]]
            ]
        }
        await #expect(throws: Tool.Failure.self) { try await Self.check(installation) }
    }
}
