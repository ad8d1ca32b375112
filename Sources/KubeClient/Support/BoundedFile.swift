#if canImport(Glibc)
import Glibc
#endif

/// Files of which no more than a bound is read: configurations, tokens, certificates, manifests.
package enum BoundedFile {
    /// The longest file that is read where nothing else is said, in bytes.
    package static let maximumSize = 1 << 20

    /// The bytes of a regular file of at most `maximum` bytes; blocks.
    package static func read(_ path: String, upTo maximum: Int = maximumSize) -> Result<[UInt8], ReadError> {
        // Without O_NONBLOCK opening a named pipe would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(ReadError(path: path, code: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(ReadError(path: path, code: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return .failure(ReadError(path: path, reason: "it is no regular file"))
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
                return .failure(ReadError(path: path, reason: "it has more than \(maximum) bytes"))
            }
        }
    }

    package struct ReadError: Error {
        /// What cannot be read, and why.
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
