import FoundationEssentials

/// Base64 with padding (RFC 4648, section 4), as kubeconfig files and secrets carry bytes.
public enum Base64 {
    public static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }

    /// The bytes of a base64 text; nil when it is malformed. Line breaks are skipped, as in Go.
    public static func decode(_ text: String) -> [UInt8]? {
        let packed = text.utf8.filter { $0 != 0x0A && $0 != 0x0D }
        return Data(base64Encoded: Data(packed)).map { Array($0) }
    }
}
