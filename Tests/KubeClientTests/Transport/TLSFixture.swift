import Foundation
import KubeClient

/// An authority, a certificate of its making, and a server that shows it; all gone after `stop`.
final class TLSFixture {
    static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    let port: UInt16
    private let folder: URL
    private let server: Process

    struct Failure: Error {
        let message: String
    }

    /// - Parameters:
    ///   - alternative: what the certificate is for, as openssl writes it: `DNS:name`, `IP:address`.
    ///   - asksForClient: whether clients must show a certificate of the same authority.
    init(subject: String, alternative: String, asksForClient: Bool = false) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.folder = folder
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for name in ["ca", "other"] {
            try await Self.openssl(
                folder,
                ["req", "-x509", "-days", "2", "-subj", "/CN=\(name)"] + key
                    + ["-keyout", "\(name).key", "-out", "\(name).pem"])
        }
        try await Self.openssl(
            folder,
            ["req", "-x509", "-days", "2", "-subj", "/CN=\(subject)", "-CA", "ca.pem", "-CAkey", "ca.key"]
                + key + ["-addext", "subjectAltName=\(alternative)", "-keyout", "server.key", "-out", "server.pem"])
        var arguments = ["s_server", "-www", "-accept", "0", "-cert", "server.pem", "-key", "server.key"]
        if asksForClient { arguments += ["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"] }
        let output = Pipe()
        server = Self.process(folder, arguments)
        server.standardOutput = output
        try server.run()
        port = try await Self.port(output.fileHandleForReading)
    }

    func stop() {
        server.terminate()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Makes `NAME.pem` and `NAME.key`, a client certificate of the server's authority.
    func issue(_ name: String) async throws {
        try await Self.openssl(
            folder,
            [
                "req", "-x509", "-days", "2", "-subj", "/CN=\(name)", "-CA", "ca.pem", "-CAkey", "ca.key", "-newkey",
                "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(name).key", "-out",
                "\(name).pem",
            ])
    }

    func file(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appendingPathComponent(name)))
    }

    private static func process(_ folder: URL, _ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        return process
    }

    private static func openssl(_ folder: URL, _ arguments: [String]) async throws {
        let process = process(folder, arguments)
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard status == 0 else { throw Failure(message: "openssl \(arguments.first ?? "") ended with \(status)") }
    }

    /// Reads the line in which the server says where it listens: `ACCEPT 0.0.0.0:41231`.
    private static func port(_ output: FileHandle) async throws -> UInt16 {
        let line = await withCheckedContinuation { continuation in
            DispatchQueue(label: "tls-fixture").async {
                var text = ""
                while !text.contains("\n") || !text.contains("ACCEPT") {
                    let data = output.availableData
                    guard !data.isEmpty else { break }
                    text += String(decoding: data, as: UTF8.self)
                }
                continuation.resume(returning: text)
            }
        }
        let digits = line.split(whereSeparator: \.isNewline).first { $0.hasPrefix("ACCEPT") }?.split(separator: ":")
            .last
        guard let digits, let port = UInt16(digits) else { throw Failure(message: "no port in \"\(line)\"") }
        return port
    }
}
