import KubeClient

/// The schemas of what every object and every list carries.
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
                "What the API keeps about every object.",
                [
                    ("name", text("The name, unique within the namespace; it can never change.")),
                    ("generateName", text("A prefix from which the server makes a unique name.")),
                    ("namespace", text("The namespace in which the name is unique.")),
                    ("uid", text("Tells the object from others of the same name before and after it.")),
                    ("resourceVersion", text("The version of the object, for watches and for safe updates.")),
                    ("generation", number("Counts changes of the desired state.")),
                    ("creationTimestamp", time("When the object was created.")),
                    ("deletionTimestamp", time("When its deletion was asked for.")),
                    ("deletionGracePeriodSeconds", number("The seconds it was given to end.")),
                    ("labels", texts("Short values to select objects by.")),
                    ("annotations", texts("Values for tools, which nothing is selected by.")),
                    ("ownerReferences", list("The objects it is deleted with.", of: ownerReference)),
                    (
                        "finalizers",
                        [
                            "type": "array", "items": ["type": "string"],
                            "description": "What has to be done before it is removed.",
                        ]
                    ),
                    ("managedFields", list("Who wrote which field.", of: managedFieldsEntry)),
                ])
        ),
        (
            ownerReference,
            object(
                "Names an owner of an object.",
                [
                    ("apiVersion", text("The group and version of the owner.")),
                    ("kind", text("The kind of the owner.")),
                    ("name", text("The name of the owner.")),
                    ("uid", text("The UID of the owner.")),
                    ("controller", flag("True for the one owner that controls the object.")),
                    ("blockOwnerDeletion", flag("True when the owner waits for the object in a foreground deletion.")),
                ])
        ),
        (
            managedFieldsEntry,
            object(
                "The fields that one manager wrote.",
                [
                    ("manager", text("Who wrote.")),
                    ("operation", text("Apply or Update.")),
                    ("apiVersion", text("The version of the object the fields belong to.")),
                    ("time", time("When it was written.")),
                    ("fieldsType", text("Always FieldsV1.")),
                    ("fieldsV1", ["type": "object", "description": "The set of fields."]),
                    ("subresource", text("The subresource that was written through.")),
                ])
        ),
        (
            listMeta,
            object(
                "What the API tells about a list.",
                [
                    ("resourceVersion", text("The version of the list, for a watch to begin at.")),
                    ("continue", text("Leads to the next page.")),
                    ("remainingItemCount", number("How many objects follow.")),
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
