public import KubeClient

extension JSONValue {
    /// The value after a merge patch (RFC 7386, section 2), apart from the product's own code.
    public func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let members) = patch else { return patch }
        var result = objectValue ?? JSONObject()
        for member in members {
            result[member.key] = member.value.isNull ? nil : (result[member.key] ?? .null).merging(member.value)
        }
        return .object(result)
    }
}
