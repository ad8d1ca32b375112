#if canImport(Glibc)
import Glibc
#endif

/// Reads files up to a maximum size: configurations, tokens, certificates, manifests.
package enum BoundedFile {
    /// The default maximum size, in bytes.
    package static let maximumSize = 1 << 20

    /// Reads a regular file of at most `maximum` bytes; blocks.
    package static func read(_ path: String, upTo maximum: Int = maximumSize) -> Result<[UInt8], ReadError> {
        // Without O_NONBLOCK, opening a named pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(ReadError(path: path, code: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(ReadError(path: path, code: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return .failure(ReadError(path: path, reason: "it is not a regular file"))
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        var count = 0
        while true {
            if count == bytes.count { bytes.append(contentsOf: repeatElement(0, count: count)) }
            let read = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { return .failure(ReadError(path: path, code: errno)) }
            guard read > 0 else { return .success(Array(bytes.prefix(count))) }
            count += read
            guard count <= maximum else {
                return .failure(ReadError(path: path, reason: "it is larger than \(maximum) bytes"))
            }
        }
    }

    package struct ReadError: Error {
        /// Names the file and the reason.
        package let message: String
        let isMissing: Bool

        init(path: String, code: Int32) {
            message = "cannot read \(path): \(String(cString: strerror(code)))"
            isMissing = code == ENOENT || code == ENOTDIR
        }

        init(path: String, reason: String) {
            message = "cannot read \(path): \(reason)"
            isMissing = false
        }
    }
}
