package import KubeClient

extension Cluster {
    /// The maximum number of attempts if generated names are taken.
    private static let generatedNameAttempts = 8

    func create(
        _ served: ServedResource, namespace: String, _ body: ObjectBody, _ parameters: WriteParameters
    ) throws(StatusError) -> WriteResult {
        try BodyRules.checkIdentity(body.object, served, namespace: namespace, name: nil)
        guard (body.object["metadata"]?["resourceVersion"]?.stringValue ?? "").isEmpty else {
            throw .badRequest("resourceVersion should not be set on objects to be created")
        }
        let warnings = try BodyRules.checkFields(body, served, parameters.fieldValidation)
        let name = body.object["metadata"]?["name"]?.stringValue ?? ""
        let prefix = body.object["metadata"]?["generateName"]?.stringValue ?? ""
        try checkNamespaceAccepts(served, namespace: namespace, name: name.isEmpty ? prefix : name)
        var attempt = 1
        while true {
            let candidate = name.isEmpty && !prefix.isEmpty ? Self.generate(prefix, environment) : name
            let object = try prepareCreation(served, namespace: namespace, name: candidate, body.object, parameters)
            do {
                let result = try commitCreation(served, object, parameters)
                return WriteResult(object: result, isCreated: true, warnings: warnings)
            } catch {
                let isGenerated = candidate != name
                guard error.reason == "AlreadyExists", isGenerated, attempt < Self.generatedNameAttempts else {
                    throw error
                }
                attempt += 1
            }
        }
    }

    /// A name with the prefix, shortened so that the name has at most 63 characters.
    private static func generate(_ prefix: String, _ environment: SandboxEnvironment) -> String {
        String(prefix.prefix(58)) + environment.makeNameSuffix()
    }

    private func checkNamespaceAccepts(
        _ served: ServedResource, namespace: String, name: String
    ) throws(StatusError) {
        guard served.isNamespaced else { return }
        let namespaces = GroupResource(group: "", resource: "namespaces")
        guard let record = storage.record(namespaces, namespace: "", name: namespace) else {
            throw .notFound(namespaces, namespace)
        }
        guard record.isTerminating else { return }
        let why = "unable to create new content in namespace \(namespace) because it is being terminated"
        var refusal = StatusError.forbidden(served.groupResource, name, why)
        refusal.details?.causes = [
            StatusError.Cause(
                reason: "NamespaceTerminating", message: "namespace \(namespace) is being terminated",
                field: "metadata.namespace")
        ]
        throw refusal
    }

    /// The object to store: completed, pruned, defaulted, validated, and admitted.
    func prepareCreation(
        _ served: ServedResource, namespace: String, name: String, _ body: JSONValue, _ parameters: WriteParameters
    ) throws(StatusError) -> JSONValue {
        var object = body
        if served.hasStatusSubresource { object["status"] = nil }
        let time = environment.clock.now()
        object["metadata"] = MetadataRules.created(
            object["metadata"] ?? [:], namespace: namespace, name: name, uid: environment.makeUID(), at: time,
            hasGeneration: served.strategy.hasGeneration)
        served.schema?.prune(&object)
        served.schema?.applyDefaults(to: &object)
        served.strategy.prepareForCreation(&object)
        mutate(&object, served)
        try validate(object, old: nil, served)
        try admit(object, served)
        FieldOwnership.record(
            &object, old: nil, served, parameters, at: time, keeping: body["metadata"]?["managedFields"])
        return object
    }

    private func commitCreation(
        _ served: ServedResource, _ object: JSONValue, _ parameters: WriteParameters
    ) throws(StatusError) -> JSONValue {
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        let draft = served.draft(of: object)
        if parameters.isDryRun {
            guard storage.record(served.stored.resource, namespace: draft.namespace, name: name) == nil else {
                throw .alreadyExists(served.groupResource, name)
            }
            return object
        }
        do {
            let record = try storage.create(served.stored.resource, draft)
            let created = object.stamped(record.revision)
            didStore(served, created)
            return created
        } catch {
            throw .alreadyExists(served.groupResource, name)
        }
    }

    /// Validates an object and reports all violations in one error.
    func validate(_ object: JSONValue, old: JSONValue?, _ served: ServedResource) throws(StatusError) {
        let metadata = object["metadata"] ?? [:]
        var causes = MetadataRules.validate(metadata, old: old?["metadata"], nameRule: served.strategy.nameRule)
        let name = metadata["name"]?.stringValue ?? ""
        if old == nil, name.isEmpty { causes = [.required("metadata.name", "name or generateName is required")] }
        causes += served.schema?.validate(object, old: old) ?? []
        causes += served.strategy.validate(object, old)
        guard causes.isEmpty else {
            throw .invalid(group: served.group, kind: served.kind, name: name, causes: causes)
        }
    }
}

extension JSONValue {
    /// The object with the resource version of a write.
    func stamped(_ revision: Int64) -> JSONValue {
        var copy = self
        copy[path: ["metadata", "resourceVersion"]] = .string(String(revision))
        return copy
    }
}

/// Checks of a request body that come before validation.
enum BodyRules {
    /// Rejects a body whose API version, kind, name or namespace differs from the request's.
    static func checkIdentity(
        _ object: JSONValue, _ served: ServedResource, namespace: String, name: String?
    ) throws(StatusError) {
        guard object.objectValue != nil else { throw .badRequest("the body of the request is not an object") }
        let apiVersion = object["apiVersion"]?.stringValue ?? ""
        let kind = object["kind"]?.stringValue ?? ""
        guard !kind.isEmpty else { throw .badRequest("Object 'Kind' is missing in the body of the request") }
        guard apiVersion == served.apiVersion else {
            throw .badRequest(
                "the API version in the data (\(apiVersion)) does not match the expected API version "
                    + "(\(served.apiVersion))")
        }
        guard kind == served.kind else {
            throw .badRequest("the kind in the data (\(kind)) does not match the expected kind (\(served.kind))")
        }
        try MetadataRules.checkTypes(of: object)
        let given = object["metadata"]?["namespace"]?.stringValue ?? ""
        guard given.isEmpty || given == namespace else {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
        guard let name else { return }
        let objectName = object["metadata"]?["name"]?.stringValue ?? ""
        guard objectName == name else {
            throw .badRequest("the name of the object (\(objectName)) does not match the name on the URL (\(name))")
        }
    }

    /// Applies the requested field validation and returns the warnings for the client.
    static func checkFields(
        _ body: ObjectBody, _ served: ServedResource, _ validation: WriteParameters.FieldValidation
    ) throws(StatusError) -> [String] {
        guard validation != .ignore else { return [] }
        let unknown = served.schema?.unknownFields(in: body.object) ?? MetadataRules.unknownFields(in: body.object)
        let problems =
            unknown.sorted().map { "unknown field \"\($0)\"" } + body.duplicates.map { "duplicate field \"\($0)\"" }
        guard validation == .strict, !problems.isEmpty else { return problems }
        let list = problems.joined(separator: ", ")
        throw .badRequest(
            "\(served.kind) in version \"\(served.version)\" cannot be handled as a \(served.kind): "
                + "strict decoding error: \(list)")
    }
}

/// A manifest that could not be loaded.
package struct LoadError: Error, Sendable, CustomStringConvertible {
    /// The kind and name of the object.
    package let object: String
    /// The error of the API.
    package let status: StatusError

    package var description: String { "\(object): \(status.message)" }
}

extension Cluster {
    /// Creates or replaces the objects of manifests: definitions first, then namespaces, then the rest.
    ///
    /// The items of lists (`kind: List`) are loaded one by one. Loading stops at the first rejected object.
    package func load(_ documents: [JSONValue]) throws(LoadError) {
        let objects = documents.flatMap { $0["kind"] == "List" ? $0["items"]?.arrayValue ?? [] : [$0] }
        for kind in ["CustomResourceDefinition", "Namespace"] {
            for object in objects where object["kind"]?.stringValue == kind { try load(object) }
        }
        for object in objects
        where !["CustomResourceDefinition", "Namespace"].contains(object["kind"]?.stringValue ?? "") {
            try load(object)
        }
    }

    private func load(_ object: JSONValue) throws(LoadError) {
        let kind = object["kind"]?.stringValue ?? "object without kind"
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        do throws(StatusError) {
            try put(object)
        } catch {
            throw LoadError(object: name.isEmpty ? kind : "\(kind) \"\(name)\"", status: error)
        }
    }

    private func put(_ object: JSONValue) throws(StatusError) {
        let apiVersion = object["apiVersion"]?.stringValue ?? ""
        let kind = object["kind"]?.stringValue ?? ""
        guard let served = registry.current.resource(apiVersion: apiVersion, kind: kind) else {
            throw .badRequest("no matches for kind \"\(kind)\" in version \"\(apiVersion)\"")
        }
        let given = object["metadata"]?["namespace"]?.stringValue ?? ""
        let namespace = !served.isNamespaced ? "" : given.isEmpty ? "default" : given
        let parameters = WriteParameters(fieldManager: "towline-sandbox", fieldValidation: .strict)
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        let target = ObjectTarget(served: served, namespace: namespace, name: name)
        guard let present = storage.record(served.stored.resource, namespace: namespace, name: name) else {
            _ = try create(served, namespace: namespace, ObjectBody(object: object), parameters)
            return
        }
        _ = try replace(target, ObjectBody(object: object.stamped(present.revision)), parameters)
    }
}
