/// The syntax of names, checked by hand because a regular expression engine needs more memory than this module.
enum Grammar {
    /// A DNS-1123 subdomain: labels of lowercase letters, digits and inner dashes, joined by dots.
    static func isObjectName(_ text: String) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.first, let last = label.last else { return false }
            return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
                && label.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// The parameter names of an engine: Tekton requires a letter or underscore first and allows dots, Argo does not.
    static func isParameterName(_ text: String, allowsDots: Bool) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= SpecLimits.parameterNameLength else { return false }
        return (isLetter(first) || first == UInt8(ascii: "_"))
            && text.utf8.allSatisfy {
                isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
                    || (allowsDots && $0 == UInt8(ascii: "."))
            }
    }

    /// `sha256:` and 64 lowercase hexadecimal digits.
    static func isDigest(_ text: String) -> Bool {
        let prefix = "sha256:"
        let digits = text.utf8.dropFirst(prefix.utf8.count)
        return text.hasPrefix(prefix) && digits.count == 64
            && digits.allSatisfy { isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    /// A repository with an optional tag and an optional digest.
    static func isImageReference(_ text: String) -> Bool {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, let first = name.utf8.first, isLetter(first) || isDigit(first) else {
            return false
        }
        let allowed = Array("._-/:".utf8)
        return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || allowed.contains($0) }
            && parts.dropFirst().allSatisfy { isDigest(String($0)) }
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
