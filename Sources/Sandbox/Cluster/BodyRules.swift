import KubeClient

/// What the body of a write has to be before its content is looked at.
enum BodyRules {
    /// Refuses a body of another kind, name or namespace than the request is for.
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

    /// Applies the chosen field validation; returns what the client is to be warned of.
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
