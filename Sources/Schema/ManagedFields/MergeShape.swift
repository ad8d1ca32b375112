import CEL
import KubeClient

/// How the parts of a value are owned and merged: each alone, or the value as a whole.
package enum MergeShape: Sendable {
    /// A custom resource, or a part of one.
    case schema(StructuralSchema)
    /// A built-in kind, or the metadata of any: the rules go by the names of fields.
    case builtIn(kind: String, field: String, parent: String)
    /// Data without a schema: objects by member, lists as a whole.
    case untyped

    /// The shape of whole objects of a kind; without a schema the kind is a built-in one.
    package static func resource(kind: String, schema: StructuralSchema?) -> MergeShape {
        schema.map(MergeShape.schema) ?? .builtIn(kind: kind, field: "", parent: "")
    }

    /// The shape of a member of an object; `isRoot` when that object is the whole resource.
    func member(_ name: String, isRoot: Bool = false) -> MergeShape {
        if isRoot, name == "metadata" { return .builtIn(kind: "", field: name, parent: "") }
        switch self {
        case .schema(let schema): return schema.property(name).map(MergeShape.schema) ?? .untyped
        case .builtIn(let kind, let field, _): return .builtIn(kind: kind, field: name, parent: field)
        case .untyped: return .untyped
        }
    }

    /// The shape of the elements of a list.
    var element: MergeShape {
        switch self {
        case .schema(let schema): schema.items.map(MergeShape.schema) ?? .untyped
        case .builtIn: self
        case .untyped: .untyped
        }
    }

    var isAtomicObject: Bool {
        switch self {
        case .schema(let schema): schema.isAtomicObject
        case .builtIn(_, let field, _): field == "roleRef" || field.hasSuffix("Selector") || field == "selector"
        case .untyped: false
        }
    }

    var listType: StructuralSchema.ListType {
        switch self {
        case .schema(let schema): return schema.listType
        case .untyped: return .atomic
        case .builtIn(let kind, let field, let parent):
            switch ListMerge.of(field, parent: parent, kind: kind) {
            case .replace: return .atomic
            case .union: return .set
            case .byKey(let key): return .map(keys: field == "ports" ? [key, "protocol"] : [key])
            }
        }
    }

    /// The step to an element of a set or a keyed list; nil when the element lacks a key.
    func step(to element: JSONValue) -> PathElement? {
        switch listType {
        case .atomic: return nil
        case .set: return .value(element)
        case .map(let keys):
            var fields: [PathElement.KeyField] = []
            for key in keys.sorted() {
                guard let value = element[key] ?? defaultValue(ofKey: key) else { return nil }
                fields.append(PathElement.KeyField(name: key, value: value))
            }
            return .key(fields)
        }
    }

    private func defaultValue(ofKey key: String) -> JSONValue? {
        switch self {
        case .schema(let schema): schema.items?.properties[key]?.defaultValue
        case .builtIn: key == "protocol" ? "TCP" : nil
        case .untyped: nil
        }
    }
}

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
