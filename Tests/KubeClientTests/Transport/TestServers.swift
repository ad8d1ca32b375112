import Dispatch
import Foundation
import Glibc
import KubeClient

/// A certificate authority, a certificate that it issued, and a server with that certificate; `stop` deletes all.
final class TLSFixture {
    static let isPossible = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    let port: UInt16
    private let folder: URL
    private let server: Process

    struct Failure: Error {
        let message: String
    }

    /// - Parameters:
    ///   - alternative: the subject alternative name in openssl's syntax: `DNS:name`, `IP:address`.
    ///   - asksForClient: whether clients must present a certificate of the same authority.
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

    /// Creates a client certificate of the server's authority in `NAME.pem` and `NAME.key`.
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

    /// Reads the port from the line `ACCEPT 0.0.0.0:41231` of the server.
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

/// A server that answers the first request of each connection with scripted bytes and closes it.
final class RawServer: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let received = Locked<[String]>([])

    /// - Parameter answers: one for each connection; the last one is repeated.
    init(_ answers: [[UInt8]]) throws {
        let (descriptor, boundPort) = try listenOnLoopback()
        self.descriptor = descriptor
        port = boundPort
        let received = received
        DispatchQueue(label: "raw-server").async {
            // Closed only here: another server can reuse the number of a closed descriptor.
            defer { close(descriptor) }
            var left = answers[...]
            while let answer = left.first {
                let client = accept(descriptor, nil, nil)
                guard client >= 0 else { return }
                let head = Self.readHead(client)
                received.withLock { $0.append(head) }
                _ = Glibc.send(client, answer, answer.count, Int32(MSG_NOSIGNAL))
                close(client)
                if left.count > 1 { left.removeFirst() }
            }
        }
    }

    convenience init(_ answer: String) throws {
        try self.init([Array(answer.utf8)])
    }

    deinit {
        // Wakes the thread, which then ends.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// The heads of the requests so far.
    var requests: [String] { received.withLock { $0 } }

    private static func readHead(_ client: Int32) -> String {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while recv(client, &byte, 1, 0) == 1 {
            head.append(byte)
            if head.count >= 4, head.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) { break }
        }
        return String(decoding: head, as: UTF8.self)
    }
}

/// Listens on a free loopback port.
func listenOnLoopback() throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                && getsockname(descriptor, $0, &length) == 0
        }
    }
    guard isBound else { throw TransportError(.unreachable, "cannot listen") }
    return (descriptor, UInt16(bigEndian: address.sin_port))
}
