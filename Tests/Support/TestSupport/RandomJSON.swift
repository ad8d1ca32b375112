import KubeClient

extension JSONValue {
    /// A small document with few different keys, so that two random documents overlap.
    public static func random(depth: Int, using random: inout SplitMix) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .integer(.random(in: -3...3, using: &random))
        case 3: return .string(["", "a", "b/c", "~"].randomElement(using: &random) ?? "")
        case 4: return .double(1.5)
        case 5:
            return .array(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in .random(depth: depth - 1, using: &random) })
        default:
            var object = JSONObject()
            for key in ["a", "b", "c", "d"] where Bool.random(using: &random) {
                object[key] = .random(depth: depth - 1, using: &random)
            }
            return .object(object)
        }
    }
}
