import KubeClient

extension StructuralSchema {
    /// Sets what is absent and has a default; a null where none is allowed counts as absent.
    func applyDefaults(to value: inout JSONValue) {
        guard needsDefaulting || value.holdsNull else { return }
        setDefaults(in: &value)
    }

    private func setDefaults(in value: inout JSONValue) {
        switch value {
        case .array(var elements):
            guard let items else { return }
            value = .null
            for index in elements.indices { items.setDefaults(in: &elements[index]) }
            value = .array(elements)
        case .object(let object):
            var members: [JSONObject.Member] = []
            members.reserveCapacity(object.count)
            var missing = Set(properties.filter { $0.value.defaultValue != nil }.keys)
            for var member in object {
                if let schema = property(member.key) {
                    if member.value.isNull, !schema.isNullable { continue }
                    schema.setDefaults(in: &member.value)
                }
                missing.remove(member.key)
                members.append(member)
            }
            for name in missing.sorted() {
                guard let schema = properties[name], var value = schema.defaultValue else { continue }
                schema.setDefaults(in: &value)
                members.append(JSONObject.Member(key: name, value: value))
            }
            value = .object(JSONObject(uniqueMembers: members))
        default: return
        }
    }
}

extension JSONValue {
    fileprivate var holdsNull: Bool {
        switch self {
        case .null: true
        case .array(let elements): elements.contains(where: \.holdsNull)
        case .object(let object): object.contains(where: \.value.holdsNull)
        default: false
        }
    }
}
