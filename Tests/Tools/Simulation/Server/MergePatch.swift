import KubeClient

extension JSONValue {
    /// The value after a merge patch (RFC 7386).
    func merged(with patch: JSONValue) -> JSONValue {
        guard case .object(let members) = patch else { return patch }
        var result = objectValue ?? JSONObject()
        for member in members {
            if member.value.isNull {
                result[member.key] = nil
            } else {
                result[member.key] = (result[member.key] ?? .object(JSONObject())).merged(with: member.value)
            }
        }
        return .object(result)
    }
}
