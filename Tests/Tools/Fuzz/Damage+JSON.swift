import KubeClient
import TestSupport

/// Damage that leaves the text JSON: values of another type, extreme ones, copies of whole branches.
extension Damage {
    private static let strange: [JSONValue] = [
        .null, true, false, 0, -1, 4_294_967_296, 9_223_372_036_854_775_807, -9_223_372_036_854_775_808, 1.5e300, 0.1,
        "", "Succeeded", "Failed", "\u{0}…", "\u{1F468}\u{200D}\u{1F469}", [], [.null, 7, "x"],
        .object(JSONObject()), "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T25:61:61Z",
        "99999999999h", "3/7", "2147483647/2147483647", "main: OOMKilled (exit code 99999999999999999999)",
        "Tasks Completed: 999999999 (Failed: 999999999, Cancelled 0), Incomplete: 999999999, Skipped: 999999999",
        .string(String(repeating: "é", count: 3000)), .string(String(repeating: "x", count: 100_000)),
    ]

    /// The text with one change somewhere in its tree; nil where it is no JSON.
    static func changingValue(of text: [UInt8], _ random: inout SplitMix) -> [UInt8]? {
        guard var value = try? JSONValue(parsing: text) else { return nil }
        let whole = value
        change(&value, whole, &random)
        return value.encoded
    }

    private static func change(_ value: inout JSONValue, _ whole: JSONValue, _ random: inout SplitMix) {
        switch value {
        case .object(var object) where random.below(8) > 0:
            guard let member = object.members.randomElement(using: &random) else { return }
            var child = member.value
            change(&child, whole, &random)
            let key = random.below(16) == 0 ? member.key + "\u{301}" : member.key
            object[key] = child
            value = .object(object)
        case .array(var elements) where random.below(8) > 0:
            guard let index = elements.indices.randomElement(using: &random) else { return }
            switch random.below(6) {
            case 0: elements.append(elements[index])
            case 1: elements.remove(at: index)
            case 2: elements += Array(repeating: elements[index], count: min(200, random.below(400)))
            default: change(&elements[index], whole, &random)
            }
            value = .array(elements)
        default: value = replacement(for: value, whole, &random)
        }
    }

    private static func replacement(
        for value: JSONValue, _ whole: JSONValue, _ random: inout SplitMix
    ) -> JSONValue {
        switch random.below(10) {
        case 0: return branch(of: whole, &random)
        case 1:
            return (0..<random.below(250)).reduce(value) { nested, level in
                level % 2 == 0 ? .array([nested]) : .object(["n": nested])
            }
        case 2:
            guard case .string(let text) = value else { fallthrough }
            let cut = text.unicodeScalars.prefix(random.below(text.unicodeScalars.count + 1))
            return .string(String(String.UnicodeScalarView(cut)) + text)
        default: return strange.randomElement(using: &random) ?? .null
        }
    }

    /// Some value from within another.
    private static func branch(of value: JSONValue, _ random: inout SplitMix) -> JSONValue {
        var value = value
        for _ in 0..<random.below(8) {
            if let member = value.objectValue?.members.randomElement(using: &random) {
                value = member.value
            } else if let element = value.arrayValue?.randomElement(using: &random) {
                value = element
            }
        }
        return value
    }
}
