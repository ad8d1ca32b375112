import CEL
import FoundationEssentials
import KubeClient
import Patterns

/// A string format that the server validates; other formats are ignored.
enum StringFormat: String, Sendable {
    case dateTime = "date-time"
    case date
    case duration
    case byte
    case uuid
    case ipv4
    case ipv6
    case cidr
    case uri
    case email
    case hostname

    func accepts(_ text: String) -> Bool {
        switch self {
        case .dateTime: Timestamp(rfc3339: text) != nil
        case .date: text.utf8.count == 10 && Timestamp(rfc3339: text + "T00:00:00Z") != nil
        case .duration: Self.isDuration(text)
        case .byte: Data(base64Encoded: text) != nil
        case .uuid: UUID(uuidString: text) != nil
        case .ipv4: Self.isIPv4(text)
        case .ipv6: Self.isIPv6(text)
        case .cidr: Self.isCIDR(text)
        case .uri: Self.isURI(text)
        case .email: Self.emailPattern?.matches(text) == true
        case .hostname: text.utf8.count <= 253 && Self.hostnamePattern?.matches(text) == true
        }
    }

    private static let emailPattern = try? Pattern(#"^[^@\s<>()\[\],;:\\"]+@[^@\s<>()\[\],;:\\"]+$"#)
    private static let label = "[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?"
    private static let hostnamePattern = try? Pattern("^\(label)(\\.\(label))*\\.?$")
    private static let durationPattern = try? Pattern(#"^[+-]?([0-9]+(\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h))+$|^0$"#)

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return value
    }

    private static func isDuration(_ text: String) -> Bool { durationPattern?.matches(text) == true }

    private static func isIPv4(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else {
                    return false
                }
                return number(ArraySlice(part)).map { $0 <= 255 } ?? false
            }
    }

    private static func isIPv6(_ text: String) -> Bool {
        guard text.utf8.contains(UInt8(ascii: ":")), text.utf8.count <= 45 else { return false }
        let halves = text.components(separatedBy: "::")
        guard halves.count <= 2 else { return false }
        var groups = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            let parts = half.components(separatedBy: ":")
            for (place, part) in parts.enumerated() {
                let isLast = index == halves.count - 1 && place == parts.count - 1
                if isLast, part.utf8.contains(UInt8(ascii: ".")) {
                    guard isIPv4(part) else { return false }
                    groups += 2
                } else {
                    guard (1...4).contains(part.utf8.count), UInt16(part, radix: 16) != nil,
                        part.utf8.first != UInt8(ascii: "+")
                    else {
                        return false
                    }
                    groups += 1
                }
            }
        }
        return halves.count == 2 ? groups <= 7 : groups == 8
    }

    private static func isCIDR(_ text: String) -> Bool {
        let parts = text.components(separatedBy: "/")
        guard parts.count == 2, let length = number(ArraySlice(parts[1].utf8)), !parts[1].isEmpty,
            parts[1].utf8.count <= 3
        else {
            return false
        }
        return isIPv4(parts[0]) && length <= 32 || isIPv6(parts[0]) && length <= 128
    }

    private static func isURI(_ text: String) -> Bool {
        !text.isEmpty && URL(string: text)?.scheme != nil || text.utf8.first == UInt8(ascii: "/")
    }
}
