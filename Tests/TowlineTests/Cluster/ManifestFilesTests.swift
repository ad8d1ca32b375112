import Foundation
import KubeClient
import Testing

@testable import towline

@Suite struct ManifestFilesTests {
    private func folder() throws -> URL {
        let folder = URL.temporaryDirectory.appending(path: "manifests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    @Test func aFolderIsReadByName() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in [("b.yaml", "{n: 2}\n---\n{n: 3}"), ("a.json", #"{"n":1}"#), ("c.txt", "{n: 4}")] {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        #expect(try ManifestFiles.documents(at: folder.path) == [["n": 1], ["n": 2], ["n": 3]])
    }

    /// What has no end, or another end than its size says, is not read into memory.
    @Test func onlyRegularFilesWithinTheBoundAreRead() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipe = folder.appending(path: "pipe").path
        try #require(mkfifo(pipe, 0o600) == 0)
        let large = folder.appending(path: "large").path
        try Data(repeating: UInt8(ascii: " "), count: YAML.maximumSize + 1).write(to: URL(filePath: large))
        for (path, reason) in [
            ("/dev/zero", "it is not a regular file"), (pipe, "it is not a regular file"),
            (large, "it is larger than \(YAML.maximumSize) bytes"),
        ] {
            let error = #expect(throws: UsageError.self) { try ManifestFiles.documents(at: path) }
            #expect(error?.description == "cannot read \(path): \(reason)")
        }
        #expect(throws: UsageError.self) { try ManifestFiles.documents(at: folder.path + "/missing") }
    }
}
