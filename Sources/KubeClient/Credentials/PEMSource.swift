/// Where the bytes of a PEM text are.
public enum PEMSource: Hashable, Sendable {
    case data([UInt8])
    /// The path of a file, which may change.
    case file(String)

    /// The bytes of now; blocks where they are in a file.
    func contents() -> Result<[UInt8], CredentialError> {
        switch self {
        case .data(let bytes): .success(bytes)
        case .file(let path): BoundedFile.contents(path)
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
