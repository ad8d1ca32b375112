import Foundation
import TestSupport
import Testing

/// The image has what the binary links: the list in the Dockerfile is the binary's own.
@Suite(.enabled(if: Tool.installed("readelf") != nil, "readelf is not installed")) struct LinkedLibrariesTests {
    /// The release binary where it was built (`make build`), else the one beside the tests.
    private var binary: (path: String, isRelease: Bool)? {
        [(Repository.file("bin/towline"), true), (BuiltProducts.program("towline"), false)]
            .map { ($0.0.path, $0.1) }
            .first { FileManager.default.isExecutableFile(atPath: $0.0) }
    }

    /// What only a debug binary names: the release one has them inside.
    private func isSwift(_ library: String) -> Bool {
        ["libswift", "libFoundation", "lib_Foundation", "libBlocksRuntime", "libdispatch"].contains {
            library.hasPrefix($0)
        }
    }

    @Test func theDockerfileListsThem() async throws {
        let binary = try #require(binary, "there is neither bin/towline nor a binary beside the tests")
        let readelf = try #require(Tool.installed("readelf"))
        let named = try await readelf("-d", binary.path).matches(of: /\(NEEDED\).*\[(lib[^\]]*)\]/).map {
            String($0.1)
        }
        let dockerfile = try Repository.text("deploy/Dockerfile")
        let listed = try #require(dockerfile.firstMatch(of: /ARG LIBRARIES="([^"]*)"/)).1.split(separator: " ")
            .map(String.init)
        #expect(listed == listed.sorted(), "the build compares them in this order")
        if binary.isRelease {
            #expect(Set(named) == Set(listed), "\(binary.path)")
        } else {
            // Inside the release binary the Swift libraries bring C++'s along.
            #expect(Set(named.filter { !isSwift($0) }).isSubset(of: listed), "\(binary.path)")
        }
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
