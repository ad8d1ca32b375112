import KubeClient

/// The changes an apply makes to the object itself.
enum ObjectMerge {
    /// The live value with everything the configuration sets; parts keep their places, new ones follow.
    static func merge(_ configuration: JSONValue, into live: JSONValue, _ shape: MergeShape, isRoot: Bool = true)
        -> JSONValue
    {
        switch (MergeParts(of: configuration, shape), live) {
        case (.members(let changes), .object(var result)):
            for change in changes {
                let old = result[change.key]
                result[change.key] =
                    old.map { merge(change.value, into: $0, shape.member(change.key, isRoot: isRoot), isRoot: false) }
                    ?? change.value
            }
            return .object(result)
        case (.elements(let changes), .array(var result)):
            var places: [PathElement: Int] = [:]
            for (index, element) in result.enumerated() {
                if let step = shape.step(to: element) { places[step] = index }
            }
            for change in changes {
                if let place = places[change.step] {
                    result[place] = merge(change.value, into: result[place], shape.element, isRoot: false)
                } else {
                    result.append(change.value)
                }
            }
            return .array(result)
        case (.leaf, .object) where configuration == .object([:]) && !shape.isAtomicObject: return live
        case (.leaf, .array) where configuration == .array([]) && shape.listType != .atomic: return live
        default: return configuration
        }
    }

    /// The value without the dropped fields, save those that are kept; nil when nothing is left of it.
    static func removing(
        _ dropped: FieldSet, keeping kept: FieldSet?, from value: JSONValue, _ shape: MergeShape, isRoot: Bool = true
    ) -> JSONValue? {
        if dropped.isMember, kept == nil { return nil }
        guard !dropped.children.isEmpty else { return value }
        switch value {
        case .object(let object):
            var result = object
            for (step, inner) in dropped.children {
                guard case .field(let name) = step, let old = result[name] else { continue }
                result[name] = removing(
                    inner, keeping: kept?[step], from: old, shape.member(name, isRoot: isRoot), isRoot: false)
            }
            return result.isEmpty && kept?.isMember != true ? nil : .object(result)
        case .array(let elements):
            let result = elements.compactMap { element -> JSONValue? in
                guard let step = shape.step(to: element), let inner = dropped[step] else { return element }
                return removing(inner, keeping: kept?[step], from: element, shape.element, isRoot: false)
            }
            return result.isEmpty && kept?.isMember != true ? nil : .array(result)
        default: return value
        }
    }
}
