import KubeClient

extension MergePatch {
    /// The patch that makes `new` of `old`; nil when they are equal.
    static func difference(from old: JSONValue, to new: JSONValue) -> JSONValue? {
        guard case .object(let before) = old, case .object(let after) = new else {
            if old == new { return nil }
            return new
        }
        var patch: [JSONObject.Member] = []
        for member in after {
            guard let earlier = before[member.key] else {
                patch.append(member)
                continue
            }
            if let change = difference(from: earlier, to: member.value) {
                patch.append(JSONObject.Member(key: member.key, value: change))
            }
        }
        for member in before where after[member.key] == nil {
            patch.append(JSONObject.Member(key: member.key, value: .null))
        }
        if patch.isEmpty { return nil }
        return .object(JSONObject(uniqueMembers: patch))
    }
}
