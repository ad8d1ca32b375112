import KubeClient

/// One version of a resource as clients see it: its names, its rules, its schema and its columns.
final class ServedResource: Sendable {
    let resource: GroupVersionResource
    let names: ResourceNames
    let isNamespaced: Bool
    /// True when writes of the object ignore its status and `/status` is served.
    let hasStatusSubresource: Bool
    /// Where and in which form the objects are kept.
    let stored: StoredForm
    /// What is known of the shape of the objects; nil accepts anything.
    let schema: ObjectSchema?
    let columns: [TableColumn]
    /// The fields that field selectors may name, beside name and namespace.
    let selectableFields: [SelectableField]
    let strategy: ResourceStrategy
    /// The name of the CustomResourceDefinition that made it; nil for a built-in resource.
    let definition: String?
    /// Told to everybody who uses this version, when it is deprecated.
    let deprecationWarning: String?

    init(
        _ resource: GroupVersionResource, names: ResourceNames, isNamespaced: Bool, hasStatusSubresource: Bool = false,
        stored: StoredForm? = nil, schema: ObjectSchema? = nil, columns: [TableColumn],
        selectableFields: [SelectableField] = [], strategy: ResourceStrategy = ResourceStrategy(),
        definition: String? = nil, deprecationWarning: String? = nil
    ) {
        self.resource = resource
        self.names = names
        self.isNamespaced = isNamespaced
        self.hasStatusSubresource = hasStatusSubresource
        self.stored =
            stored
            ?? StoredForm(
                resource: resource.groupResource, apiVersion: resource.apiVersion, fields: selectableFields)
        self.schema = schema
        self.columns = columns
        self.selectableFields = selectableFields
        self.strategy = strategy
        self.definition = definition
        self.deprecationWarning = deprecationWarning
    }

    var group: String { resource.group }
    var version: String { resource.version }
    var apiVersion: String { resource.apiVersion }
    var kind: String { names.kind }
    var groupResource: GroupResource { resource.groupResource }
    var isCustom: Bool { definition != nil }
    /// True when stored texts can be sent to clients as they are.
    var isStoredForm: Bool { stored.apiVersion == apiVersion }

    var subresources: [String] {
        (hasStatusSubresource ? ["status"] : []) + (strategy.servesLogs ? ["log"] : [])
    }

    /// The verbs that discovery tells.
    var verbs: [String] {
        let all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        return strategy.allowsDeleteCollection ? all : all.filter { $0 != "deletecollection" }
    }

    /// The stored path of a field that field selectors may name; nil for every other field.
    func storedField(_ name: String) -> String? {
        if name == "metadata.name" || name == "metadata.namespace" { return name }
        return selectableFields.first { $0.name == name }?.storedName
    }

    /// What storage keeps of an object, which is in the form of this version.
    func draft(of object: JSONValue) -> ObjectDraft {
        let kept = storedForm(of: object)
        var values: [String: String] = [:]
        for field in stored.fields {
            if let value = field.value(in: kept) { values[field.storedName] = value }
        }
        return ObjectDraft(kept, fields: values)
    }

    /// The object in the form in which it is kept.
    func storedForm(of object: JSONValue) -> JSONValue {
        guard !isStoredForm else { return object }
        var object = stored.toStored?(object) ?? object
        object["apiVersion"] = .string(stored.apiVersion)
        return object
    }

    /// A kept object in the form of this version.
    func servedForm(of object: JSONValue) -> JSONValue {
        guard !isStoredForm else { return object }
        var object = stored.fromStored?(object) ?? object
        object["apiVersion"] = .string(apiVersion)
        return object
    }
}

/// What a resource is called.
struct ResourceNames: Hashable, Sendable {
    let plural: String
    let singular: String
    let kind: String
    let listKind: String
    var shortNames: [String] = []
    var categories: [String] = []

    init(plural: String, kind: String, shortNames: [String] = [], categories: [String] = []) {
        self.plural = plural
        self.kind = kind
        singular = kind.lowercased()
        listKind = kind + "List"
        self.shortNames = shortNames
        self.categories = categories
    }

    init(
        plural: String, singular: String, kind: String, listKind: String, shortNames: [String], categories: [String]
    ) {
        self.plural = plural
        self.singular = singular
        self.kind = kind
        self.listKind = listKind
        self.shortNames = shortNames
        self.categories = categories
    }
}

/// Where objects are kept and in which version; several served versions share one.
struct StoredForm: Sendable {
    let resource: GroupResource
    let apiVersion: String
    /// The fields that the field selectors of any version may name.
    let fields: [SelectableField]
    /// Turns a served object into the kept form; nil when only `apiVersion` differs.
    var toStored: (@Sendable (JSONValue) -> JSONValue)?
    var fromStored: (@Sendable (JSONValue) -> JSONValue)?

    init(
        resource: GroupResource, apiVersion: String, fields: [SelectableField] = [],
        toStored: (@Sendable (JSONValue) -> JSONValue)? = nil,
        fromStored: (@Sendable (JSONValue) -> JSONValue)? = nil
    ) {
        self.resource = resource
        self.apiVersion = apiVersion
        self.fields = fields
        self.toStored = toStored
        self.fromStored = fromStored
    }
}

/// A field that field selectors may name.
struct SelectableField: Hashable, Sendable {
    /// As selectors write it: `status.phase`.
    let name: String
    /// The object keys that lead to it in the stored form.
    let path: [String]

    init(_ name: String) {
        self.name = name
        path = name.split(separator: ".").map(String.init)
    }

    /// A field that has another name in the stored form.
    init(_ name: String, storedAs storedName: String) {
        self.name = name
        path = storedName.split(separator: ".").map(String.init)
    }

    var storedName: String { path.joined(separator: ".") }

    /// The text a selector is compared with.
    func value(in object: JSONValue) -> String? {
        switch object[path: path] {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        default: nil
        }
    }
}
