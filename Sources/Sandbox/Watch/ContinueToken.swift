import KubeClient

/// Where the next page of a list begins: after which name, in the state of which revision.
struct ContinueToken: Hashable, Sendable {
    let revision: Int64
    let namespace: String
    let name: String

    init(revision: Int64, namespace: String, name: String) {
        self.revision = revision
        self.namespace = namespace
        self.name = name
    }

    init(parsing text: String) throws(StatusError) {
        let padded = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        guard let bytes = Base64.decode(String(padded)), let token = try? JSONValue(parsing: bytes),
            let revision = token["rv"]?.integerValue, let namespace = token["ns"]?.stringValue,
            let name = token["start"]?.stringValue
        else { throw .badRequest("continue key is not valid: it was not made by this server") }
        self.init(revision: revision, namespace: namespace, name: name)
    }

    /// The token in letters that a query can carry as they are.
    var text: String {
        let token: JSONValue = ["rv": .integer(revision), "ns": .string(namespace), "start": .string(name)]
        return String(Base64.encode(token.encoded).map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }
}
