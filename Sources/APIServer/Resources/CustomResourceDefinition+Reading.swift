import KubeClient
import Schema

extension CustomResourceDefinition {
    /// The errors of a definition.
    struct Invalid: Error {
        let causes: [StatusError.Cause]
    }

    /// Reads a definition and reports all errors.
    init(_ object: JSONValue) throws(Invalid) {
        let spec = object["spec"] ?? [:]
        var causes = Self.nameErrors(object, spec)
        name = object["metadata"]?["name"]?.stringValue ?? ""
        group = spec["group"]?.stringValue ?? ""
        names = Self.names(spec["names"] ?? [:])
        isNamespaced = spec["scope"] == "Namespaced"
        let texts = spec["versions"]?.arrayValue ?? []
        var versions: [Version] = []
        for (index, version) in texts.enumerated() {
            do throws(Invalid) {
                versions.append(try Self.version(version, at: FieldPath("spec", "versions").index(index)))
            } catch {
                causes += error.causes
            }
        }
        self.versions = versions
        if texts.isEmpty { causes.append(.required("spec.versions", "must have at least one version")) }
        if texts.filter({ $0["storage"] == true }).count != 1, !texts.isEmpty {
            causes.append(
                .invalid("spec.versions", .array([]), "must have exactly one version marked as storage version"))
        }
        if Set(versions.map(\.name)).count != versions.count {
            causes.append(.invalid("spec.versions", .array([]), "must contain unique version names"))
        }
        guard causes.isEmpty else { throw Invalid(causes: causes) }
    }

    /// The errors of schemas whose rules are too expensive. A schema that all versions share is reported once.
    func costErrors(_ object: JSONValue, replacing old: JSONValue?) -> [StatusError.Cause] {
        func schemas(_ object: JSONValue?) -> [(name: JSONValue?, schema: JSONValue?)] {
            (object?["spec"]?["versions"]?.arrayValue ?? []).map { ($0["name"], $0["schema"]) }
        }
        let (new, stored) = (schemas(object), schemas(old))
        let isShared = new.allSatisfy { $0.schema == new.first?.schema }
        return zip(versions, new).prefix(isShared ? 1 : new.count).enumerated().flatMap { index, version in
            let path =
                isShared
                ? FieldPath("spec", "validation") : FieldPath("spec", "versions").index(index).field("schema")
            let isUnchanged = stored.contains { $0.name == version.1.name && $0.schema == version.1.schema }
            return version.0.schema?.costErrors(at: path.field("openAPIV3Schema"), isUnchanged: isUnchanged) ?? []
        }
    }

    private static func nameErrors(_ object: JSONValue, _ spec: JSONValue) -> [StatusError.Cause] {
        var causes: [StatusError.Cause] = []
        let group = spec["group"]?.stringValue ?? ""
        let names = spec["names"] ?? [:]
        if !NameRules.isSubdomain(group) || !group.contains(".") {
            causes.append(.invalid("spec.group", .string(group), "should be a domain with at least one dot"))
        }
        for field in ["plural", "kind"] where (names[field]?.stringValue ?? "").isEmpty {
            causes.append(.required("spec.names.\(field)"))
        }
        let plural = names["plural"]?.stringValue ?? ""
        if !plural.isEmpty, !NameRules.isLabel(plural) {
            causes.append(.invalid("spec.names.plural", .string(plural), NameRules.labelRule))
        }
        let expected = "\(plural).\(group)"
        let name = object["metadata"]?["name"] ?? ""
        if name.stringValue != expected {
            causes.append(.invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"))
        }
        let scope = spec["scope"]?.stringValue ?? ""
        if scope != "Namespaced", scope != "Cluster" {
            causes.append(.notSupported("spec.scope", scope, ["Cluster", "Namespaced"]))
        }
        let conversion = spec["conversion"]?["strategy"]?.stringValue ?? "None"
        if conversion != "None" { causes.append(.notSupported("spec.conversion.strategy", conversion, ["None"])) }
        return causes
    }

    private static func names(_ names: JSONValue) -> ResourceNames {
        let kind = names["kind"]?.stringValue ?? ""
        return ResourceNames(
            plural: names["plural"]?.stringValue ?? "", singular: names["singular"]?.stringValue ?? kind.lowercased(),
            kind: kind, listKind: names["listKind"]?.stringValue ?? kind + "List",
            shortNames: texts(names["shortNames"]), categories: texts(names["categories"]))
    }

    private static func texts(_ list: JSONValue?) -> [String] {
        (list?.arrayValue ?? []).compactMap(\.stringValue)
    }

    private static func version(_ version: JSONValue, at path: FieldPath) throws(Invalid) -> Version {
        var causes: [StatusError.Cause] = []
        let name = version["name"]?.stringValue ?? ""
        if !NameRules.isLabel(name) {
            causes.append(.invalid("\(path).name", .string(name), NameRules.labelRule))
        }
        for flag in ["served", "storage"] where version[flag]?.boolValue == nil {
            causes.append(.required("\(path).\(flag)"))
        }
        let schema = readSchema(version, at: path, &causes)
        let columns = readColumns(version, at: path, &causes)
        let fields = readSelectableFields(version, at: path.field("selectableFields"), &causes)
        guard causes.isEmpty else { throw Invalid(causes: causes) }
        return Version(
            name: name, isServed: version["served"] == true, isStored: version["storage"] == true, schema: schema,
            columns: columns, hasStatusSubresource: version["subresources"]?["status"] != nil,
            selectableFields: fields,
            deprecationWarning: deprecationWarning(version))
    }

    /// The fields that field selectors may name: at most eight strings, integers or booleans of the schema.
    private static func readSelectableFields(
        _ version: JSONValue, at path: FieldPath, _ causes: inout [StatusError.Cause]
    ) -> [SelectableField] {
        let paths = (version["selectableFields"]?.arrayValue ?? []).map { $0["jsonPath"]?.stringValue ?? "" }
        let schema = version["schema"]?["openAPIV3Schema"] ?? [:]
        if paths.count > 8 {
            causes.append(
                StatusError.Cause(
                    reason: "FieldValueTooMany", message: "Too many: \(paths.count): must have at most 8 items",
                    field: path.description))
        }
        var fields: [SelectableField] = []
        for (index, text) in paths.enumerated() {
            let place = path.index(index).field("jsonPath").description
            let field = SelectableField(String(text.drop { $0 == "." }))
            if text.isEmpty {
                causes.append(.required(place))
            } else if fields.contains(field) {
                causes.append(
                    StatusError.Cause(
                        reason: "FieldValueDuplicate", message: "Duplicate value: \"\(text)\"", field: place))
            } else if let problem = problem(ofSelectable: field, text, in: schema) {
                causes.append(.invalid(place, .string(text), problem))
            }
            fields.append(field)
        }
        return fields
    }

    private static func problem(ofSelectable field: SelectableField, _ text: String, in schema: JSONValue) -> String? {
        guard text.hasPrefix(".") else {
            return "is an invalid path: expected [ or . but got: \(text.prefix { $0 != "." })"
        }
        guard !text.contains("[") else { return "is an invalid path: array notation is not allowed" }
        var schema = schema
        for key in field.path {
            guard let next = schema["properties"]?[key] ?? schema["additionalProperties"] else {
                return "is an invalid path: does not refer to a valid field"
            }
            schema = next
        }
        guard let type = schema["type"]?.stringValue, ["string", "boolean", "integer"].contains(type) else {
            return """
                must point to a field of type string, boolean or integer. Enum string fields and strings with formats \
                are allowed.
                """
        }
        return nil
    }

    private static func deprecationWarning(_ version: JSONValue) -> String? {
        guard version["deprecated"] == true else { return nil }
        return version["deprecationWarning"]?.stringValue
            ?? "version \(version["name"]?.stringValue ?? "") of this resource is deprecated"
    }

    private static func readSchema(
        _ version: JSONValue, at path: FieldPath, _ causes: inout [StatusError.Cause]
    ) -> ObjectSchema? {
        guard let document = version["schema"]?["openAPIV3Schema"] else {
            causes.append(.required("\(path).schema.openAPIV3Schema", "schemas are required"))
            return nil
        }
        do throws(FieldErrors) {
            return try ObjectSchema(reading: document, at: path.field("schema").field("openAPIV3Schema"))
        } catch {
            causes += error.errors.map(StatusError.Cause.init)
            return nil
        }
    }

    private static func readColumns(
        _ version: JSONValue, at path: FieldPath, _ causes: inout [StatusError.Cause]
    ) -> [TableColumn] {
        let definitions = version["additionalPrinterColumns"]?.arrayValue ?? []
        guard !definitions.isEmpty else { return [.name, .age] }
        var columns: [TableColumn] = [.name]
        for (index, definition) in definitions.enumerated() {
            do throws(Invalid) {
                columns.append(
                    try CustomColumn.column(
                        definition, at: path.field("additionalPrinterColumns").index(index).description))
            } catch {
                causes += error.causes
            }
        }
        return columns
    }
}

/// The additional printer columns of a CustomResourceDefinition.
enum CustomColumn {
    private static let types = ["boolean", "date", "integer", "number", "string"]

    /// Reads an entry of `additionalPrinterColumns`.
    static func column(
        _ definition: JSONValue, at path: String
    ) throws(CustomResourceDefinition.Invalid) -> TableColumn {
        var causes: [StatusError.Cause] = []
        let name = definition["name"]?.stringValue ?? ""
        let type = definition["type"]?.stringValue ?? ""
        if name.isEmpty { causes.append(.required("\(path).name")) }
        if !types.contains(type) { causes.append(.notSupported("\(path).type", type, types)) }
        let text = definition["jsonPath"]?.stringValue ?? ""
        let jsonPath = JSONPath(text)
        if jsonPath == nil { causes.append(.invalid("\(path).jsonPath", .string(text), "is not a JSON path")) }
        guard let jsonPath, causes.isEmpty else { throw CustomResourceDefinition.Invalid(causes: causes) }
        return TableColumn(
            name, type: type, format: definition["format"]?.stringValue ?? "",
            description: definition["description"]?.stringValue ?? "",
            priority: definition["priority"]?.integerValue ?? 0
        ) { object, now in cell(jsonPath, object, type, now) }
    }

    /// The first value at the path; null if it is absent or of another type than the column.
    private static func cell(_ path: JSONPath, _ object: JSONValue, _ type: String, _ now: Timestamp) -> JSONValue {
        guard let value = path.values(in: object).first else { return .null }
        switch type {
        case "date": return HumanDuration.cell(value, now)
        case "integer": return value.integerValue.map { .integer($0) } ?? .null
        case "number": return value.doubleValue == nil ? .null : value
        case "boolean": return value.boolValue == nil ? .null : value
        default: return .string(value.stringValue ?? value.encodedString)
        }
    }
}
