import KubeClient

/// The OpenAPI v3 document of the resources of one group and version.
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

    /// The name of the kind with its group's parts reversed, as generated clients expect it.
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
            "description": "What the API keeps about every object.",
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
