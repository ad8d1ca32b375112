/// Where the bytes of a PEM text are.
public enum PEMSource: Hashable, Sendable {
    case data([UInt8])
    /// The path of a file, which may change.
    case file(String)

    /// The bytes of now; blocks where they are in a file.
    ///
    /// A file without a PEM block, such as one that is being written, counts as unreadable: what it held serves on.
    func contents() -> Result<[UInt8], CredentialError> {
        switch self {
        case .data(let bytes): return .success(bytes)
        case .file(let path):
            return BoundedFile.contents(path).flatMap { bytes in
                guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN ") else {
                    return .failure(.unavailable("cannot use \(path): it holds no PEM block"))
                }
                return .success(bytes)
            }
        }
    }
}

/// Says where the bytes are, never what: a key may be among them.
extension PEMSource: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        switch self {
        case .data(let bytes): "\(bytes.count) bytes"
        case .file(let path): path
        }
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
