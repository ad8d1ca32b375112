import KubeClient

/// The OpenAPI v3 documents, one per group and version, rebuilt when the served resources change.
final class OpenAPIDocuments: Sendable {
    private struct Cache: Sendable {
        var generation = -1
        /// By path: `api/v1`, `apis/tekton.dev/v1`.
        var documents: [(path: String, bytes: [UInt8])] = []
    }

    private let registry: Registry
    private let cache = Locked(Cache())

    init(_ registry: Registry) {
        self.registry = registry
    }

    /// The list of documents. Each URL has a hash of its document, so that clients can cache it.
    func index() -> [UInt8] {
        var paths = JSONObject()
        for document in current() {
            let address = "/openapi/v3/\(document.path)?hash=\(Self.hash(document.bytes))"
            paths[document.path] = ["serverRelativeURL": .string(address)]
        }
        return JSONValue.object(["paths": .object(paths)]).encoded
    }

    /// The document of a group and version; nil if it is not served.
    func document(group: String, version: String) -> [UInt8]? {
        let path = Self.path(group: group, version: version)
        return current().first { $0.path == path }?.bytes
    }

    private func current() -> [(path: String, bytes: [UInt8])] {
        let state = registry.current
        let kept = cache.withLock { $0.generation == state.generation ? $0.documents : nil }
        if let kept { return kept }
        let documents = state.groups.flatMap { group in
            group.versions.map { version in
                (
                    path: Self.path(group: group.name, version: version.name),
                    bytes: OpenAPIDocument(version.resources).document.encoded
                )
            }
        }
        cache.withLock { $0 = Cache(generation: state.generation, documents: documents) }
        return documents
    }

    private static func path(group: String, version: String) -> String {
        group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)"
    }

    /// FNV-1a, which is enough to distinguish versions of a document.
    private static func hash(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16, uppercase: true)
    }
}

/// The OpenAPI v3 document of one group and version.
struct OpenAPIDocument: Sendable {
    private let resources: [ServedResource]

    init(_ resources: [ServedResource]) {
        self.resources = resources
    }

    var document: JSONValue {
        var paths = JSONObject()
        var schemas = JSONObject()
        for served in resources {
            for (path, item) in Self.paths(of: served) { paths[path] = item }
            schemas[Self.schemaName(of: served)] = Self.schema(of: served)
            schemas[Self.schemaName(of: served) + "List"] = Self.listSchema(of: served)
        }
        for (name, schema) in MetadataSchemas.all { schemas[name] = schema }
        return [
            "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "v1.33.0"], "paths": .object(paths),
            "components": ["schemas": .object(schemas)],
        ]
    }

    // MARK: Schemas

    /// The name of the kind with its reversed group, as generated clients expect it.
    private static func schemaName(of served: ServedResource) -> String {
        let group = served.group.isEmpty ? "core.api.k8s.io" : served.group
        let reversed = group.split(separator: ".").reversed().joined(separator: ".")
        return "\(reversed).\(served.version).\(served.kind)"
    }

    private static func reference(_ name: String) -> JSONValue {
        ["$ref": .string("#/components/schemas/\(name)")]
    }

    private static func kind(_ served: ServedResource, list: Bool = false) -> JSONValue {
        [
            "group": .string(served.group), "kind": .string(list ? served.names.listKind : served.kind),
            "version": .string(served.version),
        ]
    }

    private static func schema(of served: ServedResource) -> JSONValue {
        var schema = served.schema?.document ?? ["type": "object"]
        schema[path: ["properties", "apiVersion"]] = MetadataSchemas.apiVersion
        schema[path: ["properties", "kind"]] = MetadataSchemas.kind
        schema[path: ["properties", "metadata"]] = [
            "description": "Standard object metadata.",
            "allOf": [reference(MetadataSchemas.objectMeta)], "default": [:],
        ]
        schema["x-kubernetes-group-version-kind"] = [kind(served)]
        return schema
    }

    private static func listSchema(of served: ServedResource) -> JSONValue {
        [
            "description": .string("A list of \(served.kind) objects."), "type": "object", "required": ["items"],
            "properties": [
                "apiVersion": MetadataSchemas.apiVersion, "kind": MetadataSchemas.kind,
                "metadata": ["allOf": [reference(MetadataSchemas.listMeta)]],
                "items": ["type": "array", "items": ["allOf": [reference(schemaName(of: served))]]],
            ],
            "x-kubernetes-group-version-kind": [kind(served, list: true)],
        ]
    }

    // MARK: Paths

    private static func paths(of served: ServedResource) -> [(String, JSONValue)] {
        let root = served.group.isEmpty ? "/api/\(served.version)" : "/apis/\(served.apiVersion)"
        let scope = served.isNamespaced ? "/namespaces/{namespace}" : ""
        let collection = "\(root)\(scope)/\(served.names.plural)"
        let object = collection + "/{name}"
        var paths = [
            (collection, operations(["get": "list", "post": "post", "delete": "deletecollection"], served)),
            (object, operations(["get": "get", "put": "put", "patch": "patch", "delete": "delete"], served)),
        ]
        if served.isNamespaced { paths.append(("\(root)/\(served.names.plural)", operations(["get": "list"], served))) }
        if served.hasStatusSubresource {
            paths.append((object + "/status", operations(["get": "get", "put": "put", "patch": "patch"], served)))
        }
        return paths
    }

    private static func operations(_ actions: [String: String], _ served: ServedResource) -> JSONValue {
        var item = JSONObject()
        for (method, action) in actions.sorted(by: { $0.key < $1.key }) {
            var operation: JSONValue = [
                "x-kubernetes-action": .string(action), "x-kubernetes-group-version-kind": kind(served),
                "responses": ["200": ["description": "OK"]],
            ]
            if ["post", "put", "patch"].contains(method) {
                operation["parameters"] = .array(["dryRun", "fieldManager", "fieldValidation"].map(parameter))
            }
            item[method] = operation
        }
        return .object(item)
    }

    private static func parameter(_ name: String) -> JSONValue {
        ["name": .string(name), "in": "query", "schema": ["type": "string", "uniqueItems": true]]
    }
}

/// The schemas of object and list metadata.
enum MetadataSchemas {
    static let objectMeta = prefix + "ObjectMeta"
    static let listMeta = prefix + "ListMeta"
    private static let ownerReference = prefix + "OwnerReference"
    private static let managedFieldsEntry = prefix + "ManagedFieldsEntry"
    private static let prefix = "io.k8s.apimachinery.pkg.apis.meta.v1."

    static let apiVersion: JSONValue = [
        "type": "string", "description": "The group and version of the kind, such as apps/v1.",
    ]
    static let kind: JSONValue = ["type": "string", "description": "The kind of the object, in CamelCase."]

    static let all: [(String, JSONValue)] = [
        (
            objectMeta,
            object(
                "Standard object metadata.",
                [
                    ("name", text("The name; unique within the namespace and immutable.")),
                    ("generateName", text("A prefix for a name that the server generates.")),
                    ("namespace", text("The namespace of the object.")),
                    (
                        "uid",
                        text("A unique ID; distinguishes the object from others that had or will have the same name.")
                    ),
                    ("resourceVersion", text("The version of the object, for watches and optimistic concurrency.")),
                    ("generation", number("The number of changes to the desired state.")),
                    ("creationTimestamp", time("When the object was created.")),
                    ("deletionTimestamp", time("When deletion was requested.")),
                    ("deletionGracePeriodSeconds", number("The grace period of the deletion, in seconds.")),
                    ("labels", texts("Key-value pairs for selecting objects.")),
                    ("annotations", texts("Key-value pairs for tools; they cannot be selected by.")),
                    (
                        "ownerReferences",
                        list("The owners. When all of them are deleted, the object is deleted too.", of: ownerReference)
                    ),
                    (
                        "finalizers",
                        [
                            "type": "array", "items": ["type": "string"],
                            "description": "Tasks that must finish before the object is removed.",
                        ]
                    ),
                    ("managedFields", list("The managers of the fields.", of: managedFieldsEntry)),
                ])
        ),
        (
            ownerReference,
            object(
                "An owner of the object.",
                [
                    ("apiVersion", text("The group and version of the owner.")),
                    ("kind", text("The kind of the owner.")),
                    ("name", text("The name of the owner.")),
                    ("uid", text("The UID of the owner.")),
                    ("controller", flag("True for the controller of the object; at most one owner.")),
                    ("blockOwnerDeletion", flag("True if a foreground deletion of the owner waits for the object.")),
                ])
        ),
        (
            managedFieldsEntry,
            object(
                "The fields of one manager.",
                [
                    ("manager", text("The manager.")),
                    ("operation", text("Apply or Update.")),
                    ("apiVersion", text("The API version of the fields.")),
                    ("time", time("When the fields were last changed.")),
                    ("fieldsType", text("Always FieldsV1.")),
                    ("fieldsV1", ["type": "object", "description": "The set of fields."]),
                    ("subresource", text("The subresource of the write.")),
                ])
        ),
        (
            listMeta,
            object(
                "Standard list metadata.",
                [
                    ("resourceVersion", text("The version of the list, for starting a watch.")),
                    ("continue", text("The token for the next page.")),
                    ("remainingItemCount", number("The number of objects after this page.")),
                ])
        ),
    ]

    private static func object(_ description: String, _ properties: [(String, JSONValue)]) -> JSONValue {
        var members = JSONObject()
        for (name, schema) in properties { members[name] = schema }
        return ["description": .string(description), "type": "object", "properties": .object(members)]
    }

    private static func text(_ description: String) -> JSONValue {
        ["type": "string", "description": .string(description)]
    }

    private static func time(_ description: String) -> JSONValue {
        ["type": "string", "format": "date-time", "description": .string(description)]
    }

    private static func number(_ description: String) -> JSONValue {
        ["type": "integer", "format": "int64", "description": .string(description)]
    }

    private static func flag(_ description: String) -> JSONValue {
        ["type": "boolean", "description": .string(description)]
    }

    private static func texts(_ description: String) -> JSONValue {
        ["type": "object", "additionalProperties": ["type": "string"], "description": .string(description)]
    }

    private static func list(_ description: String, of name: String) -> JSONValue {
        [
            "type": "array", "description": .string(description),
            "items": ["allOf": [["$ref": .string("#/components/schemas/\(name)")]]],
        ]
    }
}
