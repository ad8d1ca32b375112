import Foundation
import TestSupport
import Testing

/// The image has what the binary links: the list in the Dockerfile is the binary's own.
@Suite struct LinkedLibrariesTests {
    /// The binary that the image gets. `make test` builds it; the one beside the tests links more.
    private static let binary = Repository.file("bin/towline").path

    @Test(
        .enabled(if: Tool.installed("readelf") != nil, "readelf is not installed"),
        .enabled(if: FileManager.default.isExecutableFile(atPath: binary), "`make build` was not run"))
    func theDockerfileListsThem() async throws {
        let readelf = try #require(Tool.installed("readelf"))
        let named = try await readelf("-d", Self.binary).matches(of: /\(NEEDED\).*\[(lib[^\]]*)\]/).map {
            String($0.1)
        }
        let dockerfile = try Repository.text("deploy/Dockerfile")
        let listed = try #require(dockerfile.firstMatch(of: /ARG LIBRARIES="([^"]*)"/)).1.split(separator: " ")
            .map(String.init)
        #expect(listed == listed.sorted(), "the build compares them in this order")
        #expect(Set(named) == Set(listed))
        #expect(named.contains("libcurl.so.4") && named.contains("libyaml-0.so.2"))
    }

    /// Nothing in the image makes or is a shell, and it does not run as root.
    @Test func theImageBeginsWithNothing() throws {
        let lines = try Repository.text("deploy/Dockerfile").split(separator: "\n")
        let final = lines.drop { !$0.hasPrefix("FROM scratch") }
        #expect(!final.isEmpty)
        #expect(!final.contains { $0.hasPrefix("RUN") || $0.hasPrefix("ADD") })
        #expect(final.contains("USER 65532:65532"))
        #expect(final.contains(#"ENTRYPOINT ["/towline"]"#))
    }

    /// What the build copies is what it needs.
    @Test func theContextHoldsNoMoreThanTheSources() throws {
        let rules = try Repository.text("deploy/Dockerfile.dockerignore").split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
        #expect(rules == ["*", "!Makefile", "!Package.swift", "!Sources", "!Tests"])
    }
}
