import KubeClient
import KubeRuntime

/// Decodes a request body.
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

    /// A patch; even a patch that may be YAML is usually JSON.
    func patch(isYAML: Bool) throws(StatusError) -> ObjectBody {
        guard isYAML else { return try json() }
        if let body = try? json() { return body }
        return try yaml()
    }

    /// The options of a deletion; nil if the body is empty.
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

/// A media type of an `Accept` or `Content-Type` header.
struct MediaType: Hashable, Sendable {
    /// Lowercase, without parameters.
    let type: String
    let parameters: [String: String]

    init(_ text: some StringProtocol) {
        var parts = text.split(separator: ";").map { $0.trimmingSpaces }
        type = parts.isEmpty ? "" : parts.removeFirst().lowercased()
        var parameters: [String: String] = [:]
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1)
            if pair.count == 2 { parameters[pair[0].trimmingSpaces] = pair[1].trimmingSpaces }
        }
        self.parameters = parameters
    }

    static func list(_ header: String) -> [MediaType] {
        header.split(separator: ",").map { MediaType($0) }
    }

    /// True for JSON and for wildcards that include it.
    var isJSON: Bool { ["application/json", "*/*", "application/*"].contains(type) }
}

extension StringProtocol {
    /// The text without leading and trailing spaces and tabs.
    var trimmingSpaces: String {
        var rest = Substring(self)
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
