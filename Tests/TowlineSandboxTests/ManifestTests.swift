import Foundation
import KubeClient
import Sandbox
import SimulatedEngines
import TestSupport
import Testing

@testable import CommandLineOptions
@testable import towline_sandbox

@Suite struct ManifestTests {
    private func directory() throws -> URL {
        let directory = URL.temporaryDirectory.appending(path: "manifests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    @Test func `reads the files of a directory in the order of their names`() throws {
        let directory = try directory()
        defer { try? FileManager.default.removeItem(at: directory) }
        for (name, text) in [("b.yaml", "{n: 2}\n---\n{n: 3}"), ("a.json", #"{"n":1}"#), ("c.txt", "{n: 4}")] {
            try text.write(to: directory.appending(path: name), atomically: true, encoding: .utf8)
        }
        #expect(try Manifest.read(at: directory.path).map(\.object) == [["n": 1], ["n": 2], ["n": 3]])
    }

    /// A device has no end, and a named pipe would block.
    @Test func `reads regular files of limited size only`() throws {
        let directory = try directory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let pipe = directory.appending(path: "pipe").path
        try #require(mkfifo(pipe, 0o600) == 0)
        let large = directory.appending(path: "large").path
        try Data(repeating: UInt8(ascii: " "), count: YAML.maximumSize + 1).write(to: URL(filePath: large))
        for path in ["/dev/zero", pipe, large] {
            let error = #expect(throws: UsageError.self) { try Manifest.read(at: path) }
            #expect(error?.description.hasPrefix("cannot read \(path): ") == true)
        }
        #expect(throws: UsageError.self) { try Manifest.read(at: directory.path + "/missing") }
    }

    @Test func `each object knows the line where its document begins`() throws {
        let text =
            "# A comment.\n---\n# Another.\na: 1\n---\n---\n\nkind: List\nitems: [{b: 2}, {c: 3}]\n--- # end\nd: 4\n"
        let manifests = try Manifest.parse(Array(text.utf8), source: "f.yaml")
        #expect(manifests.map(\.place) == ["f.yaml:4", "f.yaml:8", "f.yaml:8", "f.yaml:11"])
        #expect(manifests.map(\.object) == [["a": 1], ["b": 2], ["c": 3], ["d": 4]])
    }

    @Test func `an error of a rejected object names its file and line`() async throws {
        let text = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: good}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: Bad}
            ---
            apiVersion: v1
            kind: Nothing
            """
        let cluster = try LocalCluster(simulating: .none)
        let error = #expect(throws: UsageError.self) {
            try cluster.load(Manifest.parse(Array(text.utf8), source: "f.yaml"))
        }
        await cluster.shutdown()
        let lines = error?.description.split(separator: "\n") ?? []
        #expect(lines.count == 2, "\(lines)")
        #expect(lines.first?.hasPrefix("f.yaml:5: ConfigMap \"Bad\": ") == true)
        #expect(lines.last?.hasPrefix("f.yaml:9: Nothing: ") == true)
    }

    /// The list of embedded files is generated; `GeneratedFilesTests` keeps it current.
    @Test func `the embedded files are those of the repository`() throws {
        #expect(EmbeddedFile.all.count > 40)
        for file in EmbeddedFile.all {
            #expect(try file.bytes == Repository.bytes(file.path), "\(file.path)")
        }
        #expect(Examples.names.contains("smallest-tekton"))
        for name in Examples.names {
            #expect(!Examples.text(of: name).isEmpty)
            #expect(Examples.title(of: name).hasSuffix("."), "\(name)")
        }
    }
}
