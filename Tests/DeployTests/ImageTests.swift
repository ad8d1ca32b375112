import Foundation
import TestSupport
import Testing

/// The container image has what the binary needs, and nothing more.
@Suite struct LinkedLibrariesTests {
    /// The binary for the image, which `make test` builds. The debug binary links more libraries.
    private static let binary = Repository.file("bin/towline").path

    @Test(
        .enabled(if: Tool.installed("readelf") != nil, "readelf is not installed"),
        .enabled(if: FileManager.default.isExecutableFile(atPath: binary), "bin/towline is missing; run: make build"))
    func `the Dockerfile lists the linked libraries`() async throws {
        let readelf = try #require(Tool.installed("readelf"))
        let named = try await readelf("-d", Self.binary).matches(of: /\(NEEDED\).*\[(lib[^\]]*)\]/).map {
            String($0.1)
        }
        let dockerfile = try Repository.text("deploy/Dockerfile")
        let listed = try #require(dockerfile.firstMatch(of: /ARG LIBRARIES="([^"]*)"/)).1.split(separator: " ")
            .map(String.init)
        #expect(listed == listed.sorted(), "the image build compares them in sorted order")
        #expect(Set(named) == Set(listed))
        #expect(named.contains("libcurl.so.4") && named.contains("libyaml-0.so.2"))
    }

    /// Swift keeps the names of types in a stripped binary.
    @Test func `the operator's binary has no code of the sandbox`() throws {
        let bytes = try Data(contentsOf: URL(filePath: Self.binary))
        #expect(bytes.range(of: Data("OperatorProcess".utf8)) != nil)
        for type in ["SandboxServer", "SimulatedTekton", "SimulatedArgo", "StructuralSchema", "GarbageCollector"] {
            #expect(bytes.range(of: Data(type.utf8)) == nil, "\(type)")
        }
    }

    /// The final stage starts from scratch, runs nothing, and sets a non-root user.
    @Test func `the image has no shell and does not run as root`() throws {
        let lines = try Repository.text("deploy/Dockerfile").split(separator: "\n")
        let final = lines.drop { !$0.hasPrefix("FROM scratch") }
        #expect(!final.isEmpty)
        #expect(!final.contains { $0.hasPrefix("RUN") || $0.hasPrefix("ADD") })
        #expect(final.contains("USER 65532:65532"))
        #expect(final.contains(#"ENTRYPOINT ["/towline"]"#))
    }

    /// The build context has only what the build needs.
    @Test func `the build context has only the sources`() throws {
        let rules = try Repository.text("deploy/Dockerfile.dockerignore").split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
        #expect(rules == ["*", "!Makefile", "!Package.swift", "!Sources", "!Tests"])
    }
}
