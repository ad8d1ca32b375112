import KubeClient

/// A version of a resource as clients see it: names, rules, schema and columns.
final class ServedResource: Sendable {
    let resource: GroupVersionResource
    let names: ResourceNames
    let isNamespaced: Bool
    /// True if `/status` is served and writes of the object ignore its status.
    let hasStatusSubresource: Bool
    /// Where and in which form the objects are stored.
    let stored: StoredForm
    /// Nil accepts all objects.
    let schema: ObjectSchema?
    let columns: [TableColumn]
    /// The fields for field selectors, besides name and namespace.
    let selectableFields: [SelectableField]
    let strategy: ResourceStrategy
    /// The name of the CustomResourceDefinition; nil for built-in resources.
    let definition: String?
    /// Sent to all clients that use this version, if it is deprecated.
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
    /// True if stored texts can be sent without conversion.
    var isStoredForm: Bool { stored.apiVersion == apiVersion }

    var subresources: [String] {
        (hasStatusSubresource ? ["status"] : []) + (strategy.servesLogs ? ["log"] : [])
    }

    /// The verbs in discovery.
    var verbs: [String] {
        let all = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        return strategy.allowsDeleteCollection ? all : all.filter { $0 != "deletecollection" }
    }

    /// The stored path of a selectable field; nil for other fields.
    func storedField(_ name: String) -> String? {
        if name == "metadata.name" || name == "metadata.namespace" { return name }
        return selectableFields.first { $0.name == name }?.storedName
    }

    /// The record of an object that is in the form of this version.
    func draft(of object: JSONValue) -> ObjectDraft {
        let kept = storedForm(of: object)
        var values: [String: String] = [:]
        for field in stored.fields {
            if let value = field.value(in: kept) { values[field.storedName] = value }
        }
        return ObjectDraft(kept, fields: values)
    }

    /// Converts an object to the stored form.
    func storedForm(of object: JSONValue) -> JSONValue {
        guard !isStoredForm else { return object }
        var object = stored.toStored?(object) ?? object
        object["apiVersion"] = .string(stored.apiVersion)
        return object
    }

    /// Converts a stored object to this version.
    func servedForm(of object: JSONValue) -> JSONValue {
        guard !isStoredForm else { return object }
        var object = stored.fromStored?(object) ?? object
        object["apiVersion"] = .string(apiVersion)
        return object
    }
}

/// The names of a resource.
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

/// Where objects are stored, and in which version; served versions of a resource share it.
struct StoredForm: Sendable {
    let resource: GroupResource
    let apiVersion: String
    /// The selectable fields of all versions.
    let fields: [SelectableField]
    /// Converts a served object to the stored form; nil if only `apiVersion` differs.
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

/// A field for field selectors.
struct SelectableField: Hashable, Sendable {
    /// The name in selectors: `status.phase`.
    let name: String
    /// The path in the stored form.
    let path: [String]

    init(_ name: String) {
        self.name = name
        path = name.split(separator: ".").map(String.init)
    }

    /// A field with a different name in the stored form.
    init(_ name: String, storedAs storedName: String) {
        self.name = name
        path = storedName.split(separator: ".").map(String.init)
    }

    var storedName: String { path.joined(separator: ".") }

    /// The text that selectors are compared with.
    func value(in object: JSONValue) -> String? {
        switch object[path: path] {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        default: nil
        }
    }
}
