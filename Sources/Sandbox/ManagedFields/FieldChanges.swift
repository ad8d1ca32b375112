import KubeClient

/// Which fields two states of an object differ in.
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
        // A part can only be compared with a part: when either side is one whole, so is the change.
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
