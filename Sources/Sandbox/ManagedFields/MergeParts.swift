import KubeClient

/// The parts of a value that are owned one by one.
enum MergeParts {
    /// The value has no parts of its own: a scalar, something atomic, or an empty container.
    case leaf
    case members(JSONObject)
    /// Elements of a set or a keyed list under their steps, in their order; of equal ones the last.
    case elements([(step: PathElement, value: JSONValue)])

    init(of value: JSONValue, _ shape: MergeShape) {
        switch value {
        case .object(let object) where !object.isEmpty && !shape.isAtomicObject: self = .members(object)
        case .array(let list) where !list.isEmpty && shape.listType != .atomic:
            var elements: [(step: PathElement, value: JSONValue)] = []
            var places: [PathElement: Int] = [:]
            for element in list {
                // What has no identity makes the list one whole.
                guard let step = shape.step(to: element) else {
                    self = .leaf
                    return
                }
                if let place = places[step] {
                    elements[place].value = element
                } else {
                    places[step] = elements.count
                    elements.append((step, element))
                }
            }
            self = .elements(elements)
        default: self = .leaf
        }
    }

    /// Each part with its step and shape.
    func each(_ shape: MergeShape, isRoot: Bool) -> [(step: PathElement, value: JSONValue, shape: MergeShape)] {
        switch self {
        case .leaf: []
        case .members(let object): object.map { (.field($0.key), $0.value, shape.member($0.key, isRoot: isRoot)) }
        case .elements(let elements): elements.map { ($0.step, $0.value, shape.element) }
        }
    }
}

extension FieldSet {
    /// All fields that a value sets, as an applied configuration owns them.
    init(of value: JSONValue, _ shape: MergeShape, isRoot: Bool = true) {
        self.init()
        let parts = MergeParts(of: value, shape)
        if case .leaf = parts { isMember = true }
        for part in parts.each(shape, isRoot: isRoot) {
            var inner = FieldSet(of: part.value, part.shape, isRoot: false)
            // An element is owned itself too: it goes when nobody owns it any more.
            if case .elements = parts { inner.isMember = true }
            self[part.step] = inner
        }
    }
}
