import KubeClient

/// The form in which a client wants objects.
enum Representation: Hashable, Sendable {
    /// What a row of a table carries beside its cells.
    enum RowObject: String, Sendable {
        case none = "None"
        case metadata = "Metadata"
        case object = "Object"
    }

    /// The objects as they are.
    case object
    /// `PartialObjectMetadata`, in a version of `meta.k8s.io`.
    case metadata(version: String)
    /// A `Table`, in a version of `meta.k8s.io`.
    case table(version: String, rows: RowObject)

    static let mediaTypes = ["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"]

    /// Chooses the first form of an `Accept` header that this server knows.
    init(accept: String?, includeObject: String?) throws(StatusError) {
        let rows = RowObject(rawValue: includeObject ?? "") ?? .metadata
        guard let accept, !accept.isEmpty else {
            self = .object
            return
        }
        for clause in MediaType.list(accept) {
            guard clause.isJSON else { continue }
            guard let form = clause.parameters["as"] else {
                self = .object
                return
            }
            let version = clause.parameters["v"] ?? ""
            guard clause.parameters["g"] == "meta.k8s.io", version == "v1" || version == "v1beta1" else { continue }
            switch form {
            case "Table":
                self = .table(version: version, rows: rows)
                return
            case "PartialObjectMetadata", "PartialObjectMetadataList":
                self = .metadata(version: version)
                return
            default: continue
            }
        }
        throw .notAcceptable(Self.mediaTypes)
    }
}

/// One of the media types in an `Accept` or `Content-Type` header.
struct MediaType: Hashable, Sendable {
    /// In lower case, without parameters.
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

    /// True for JSON and for anything that includes it.
    var isJSON: Bool { ["application/json", "*/*", "application/*"].contains(type) }
}

extension StringProtocol {
    /// The text without spaces and tabs at its ends.
    var trimmingSpaces: String {
        var rest = Substring(self)
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
