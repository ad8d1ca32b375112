/// Orders API versions by preference: `v2` over `v1` over `v1beta1` over `v1alpha1` over everything else.
struct VersionPriority: Comparable, Sendable {
    /// 3 stable, 2 beta, 1 alpha, 0 of another form.
    private let stability: Int
    private let major: Int
    private let minor: Int
    private let text: String

    init(_ version: String) {
        text = version
        var rest = Substring(version)
        guard rest.first == "v", let major = Self.number(&rest, skipping: "v") else {
            (stability, major, minor) = (0, 0, 0)
            return
        }
        self.major = major
        if rest.isEmpty {
            (stability, minor) = (3, 0)
        } else if let minor = Self.number(&rest, skipping: "beta"), rest.isEmpty {
            (stability, self.minor) = (2, minor)
        } else if let minor = Self.number(&rest, skipping: "alpha"), rest.isEmpty {
            (stability, self.minor) = (1, minor)
        } else {
            (stability, minor) = (0, 0)
        }
    }

    private static func number(_ rest: inout Substring, skipping prefix: String) -> Int? {
        guard rest.hasPrefix(prefix) else { return nil }
        let tail = rest.dropFirst(prefix.count)
        let digits = tail.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        rest = tail.dropFirst(digits.count)
        return number
    }

    static func < (left: VersionPriority, right: VersionPriority) -> Bool {
        if left.stability == 0, right.stability == 0 { return left.text > right.text }
        return (left.stability, left.major, left.minor) < (right.stability, right.major, right.minor)
    }
}
