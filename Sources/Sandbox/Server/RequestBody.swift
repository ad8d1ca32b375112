import KubeClient
import KubeRuntime

/// Decodes the body of a request.
struct RequestBody {
    private let bytes: [UInt8]
    private let type: String

    init(_ request: HTTPServerRequest) {
        bytes = request.body
        type = MediaType(request.headers["Content-Type"] ?? "").type
    }

    private static let objectTypes = ["application/json", "application/yaml"]

    /// An object in JSON or YAML.
    func object() throws(StatusError) -> ObjectBody {
        switch type {
        case "", "application/json", "text/plain", "application/x-www-form-urlencoded": return try json()
        case "application/yaml": return try yaml()
        case ProtobufObject.mediaType: return ObjectBody(object: try ProtobufObject.read(bytes))
        default: throw .unsupportedMediaType(Self.objectTypes)
        }
    }

    /// A patch; one that may be YAML is most often JSON.
    func patch(isYAML: Bool) throws(StatusError) -> ObjectBody {
        guard isYAML else { return try json() }
        if let body = try? json() { return body }
        return try yaml()
    }

    /// The options of a deletion; nil without a body.
    func deleteOptions() throws(StatusError) -> JSONValue? {
        bytes.isEmpty ? nil : try object().object
    }

    private func json() throws(StatusError) -> ObjectBody {
        do {
            let (object, duplicates) = try JSONValue.parsingReportingDuplicates(bytes)
            return ObjectBody(object: object, duplicates: duplicates)
        } catch {
            throw .badRequest("couldn't read the body of the request: \(error)")
        }
    }

    private func yaml() throws(StatusError) -> ObjectBody {
        do {
            let documents = try YAML.documents(bytes, source: "body")
            guard documents.count == 1 else {
                throw StatusError.badRequest("the body of the request must be one YAML document")
            }
            return ObjectBody(object: documents[0])
        } catch let error as YAMLError {
            throw .badRequest("couldn't read the body of the request: \(error)")
        } catch {
            throw .badRequest("the body of the request must be one YAML document")
        }
    }
}
