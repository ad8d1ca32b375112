import CEL
import KubeClient

/// How a value is merged and owned: by its parts or as a whole.
package enum MergeShape: Sendable {
    /// Governed by the schema of a custom resource.
    case schema(StructuralSchema)
    /// A built-in kind, or the metadata of any kind: field names determine the rules.
    case builtIn(kind: String, field: String, parent: String)
    /// Data without a schema: objects merge by member, lists are atomic.
    case untyped

    /// The shape of objects of a kind; without a schema, the kind is built in.
    package static func resource(kind: String, schema: StructuralSchema?) -> MergeShape {
        schema.map(MergeShape.schema) ?? .builtIn(kind: kind, field: "", parent: "")
    }

    /// The shape of a member; `isRoot` is true if the object is a whole resource.
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

    /// The path element for an element of a set or keyed list; nil if a key is missing.
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

/// The parts of a value that can have different owners.
enum MergeParts {
    /// The value has no parts: a scalar, an atomic value, or an empty container.
    case leaf
    case members(JSONObject)
    /// The elements of a set or keyed list, in order; duplicates are replaced by the last one.
    case elements([(step: PathElement, value: JSONValue)])

    init(of value: JSONValue, _ shape: MergeShape) {
        switch value {
        case .object(let object) where !object.isEmpty && !shape.isAtomicObject: self = .members(object)
        case .array(let list) where !list.isEmpty && shape.listType != .atomic:
            var elements: [(step: PathElement, value: JSONValue)] = []
            var places: [PathElement: Int] = [:]
            for element in list {
                // One element without identity makes the whole list atomic.
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

    /// Each part with its path element and shape.
    func each(_ shape: MergeShape, isRoot: Bool) -> [(step: PathElement, value: JSONValue, shape: MergeShape)] {
        switch self {
        case .leaf: []
        case .members(let object): object.map { (.field($0.key), $0.value, shape.member($0.key, isRoot: isRoot)) }
        case .elements(let elements): elements.map { ($0.step, $0.value, shape.element) }
        }
    }
}

extension FieldSet {
    /// All fields of a value, as owned after applying it.
    init(of value: JSONValue, _ shape: MergeShape, isRoot: Bool = true) {
        self.init()
        let parts = MergeParts(of: value, shape)
        if case .leaf = parts { isMember = true }
        for part in parts.each(shape, isRoot: isRoot) {
            var inner = FieldSet(of: part.value, part.shape, isRoot: false)
            // A list element is owned too, so that it is removed with its last owner.
            if case .elements = parts { inner.isMember = true }
            self[part.step] = inner
        }
    }
}
