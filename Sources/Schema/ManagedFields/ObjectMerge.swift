import CEL
import KubeClient

/// Changes that server-side apply makes to an object.
enum ObjectMerge {
    /// The live value updated by the configuration; existing parts keep their positions, new ones are appended.
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

    /// The value without the dropped fields that are not kept; nil if nothing is left.
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

/// The fields that differ between two states of an object.
struct FieldChanges {
    private(set) var added = FieldSet()
    private(set) var modified = FieldSet()
    private(set) var removed = FieldSet()

    var isEmpty: Bool { added.isEmpty && modified.isEmpty && removed.isEmpty }

    init() {}

    init(from old: JSONValue?, to new: JSONValue?, _ shape: MergeShape, isRoot: Bool = true) {
        guard old != nil || new != nil else { return }
        if let old, let new, old.isEqualJSON(to: new) { return }
        let before = old.map { MergeParts(of: $0, shape).each(shape, isRoot: isRoot) } ?? []
        let after = new.map { MergeParts(of: $0, shape).each(shape, isRoot: isRoot) } ?? []
        // If one side has no parts, the value changed as a whole.
        let isWhole = old != nil && new != nil && (before.isEmpty || after.isEmpty)
        if isWhole, !(Self.isContainer(old) && Self.isContainer(new)) {
            modified.isMember = true
            return
        }
        var stored: [PathElement: JSONValue] = [:]
        for part in before { stored[part.step] = part.value }
        for part in after {
            take(
                FieldChanges(from: stored.removeValue(forKey: part.step), to: part.value, part.shape, isRoot: false),
                at: part.step)
        }
        for part in before where stored[part.step] != nil {
            take(FieldChanges(from: part.value, to: nil, part.shape, isRoot: false), at: part.step)
        }
        if old == nil { added.isMember = true }
        if new == nil { removed.isMember = true }
        if isWhole, isEmpty { modified.isMember = true }
    }

    private static func isContainer(_ value: JSONValue?) -> Bool {
        switch value {
        case .object?, .array?: true
        default: false
        }
    }

    private mutating func take(_ changes: FieldChanges, at step: PathElement) {
        added[step] = changes.added
        modified[step] = changes.modified
        removed[step] = changes.removed
    }
}
