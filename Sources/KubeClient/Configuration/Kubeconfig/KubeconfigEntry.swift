/// A named entry of a kubeconfig file, whose fields are read when they are needed.
///
/// What is absent, null or empty is the same, as in `kubectl`.
struct KubeconfigEntry: Sendable {
    /// What an error names: `user "jane" in /home/jane/.kube/config`.
    let place: String
    /// The file the entry stands in, which relative paths start from.
    let file: String
    let fields: JSONObject

    func failure(_ problem: String) -> ConfigurationError {
        ConfigurationError("\(place): \(problem)")
    }

    private func value(_ key: String) -> JSONValue? {
        fields[key].flatMap { $0.isNull ? Optional.none : $0 }
    }

    /// Empty when absent.
    func string(_ key: String) throws(ConfigurationError) -> String {
        guard let value = value(key) else { return "" }
        guard let text = value.stringValue else { throw failure("\(key) must be a string; quote it") }
        return text
    }

    func bool(_ key: String) throws(ConfigurationError) -> Bool {
        guard let value = value(key) else { return false }
        // client-go reads YAML 1.1.
        guard let bool = value.boolValue ?? value.stringValue.flatMap(YAMLScalar.oldBool) else {
            throw failure("\(key) must be true or false")
        }
        return bool
    }

    func strings(_ key: String) throws(ConfigurationError) -> [String] {
        guard let value = value(key) else { return [] }
        let texts = value.arrayValue?.map(\.stringValue)
        guard let texts, !texts.contains(nil) else {
            throw failure("\(key) must be a list of strings; quote its elements")
        }
        return texts.compactMap { $0 }
    }

    /// An object within this one; nil when absent.
    func object(_ key: String) throws(ConfigurationError) -> KubeconfigEntry? {
        guard let value = value(key) else { return nil }
        guard let object = value.objectValue else { throw failure("\(key) must be a mapping") }
        return KubeconfigEntry(place: "\(place), \(key)", file: file, fields: object)
    }

    func objects(_ key: String) throws(ConfigurationError) -> [KubeconfigEntry] {
        guard let value = value(key) else { return [] }
        let objects = value.arrayValue?.map { $0.isNull ? JSONObject() : $0.objectValue }
        guard let objects, !objects.contains(nil) else { throw failure("\(key) must be a list of mappings") }
        return objects.compactMap { $0 }.enumerated().map { index, object in
            KubeconfigEntry(place: "\(place), \(key)[\(index)]", file: file, fields: object)
        }
    }

    /// A path, made absolute by the directory of the file it stands in; empty when absent.
    func path(_ key: String) throws(ConfigurationError) -> String {
        resolved(try string(key))
    }

    func resolved(_ path: String) -> String {
        guard !path.isEmpty, !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// PEM bytes that stand in the field `key-data`, in base64, or in the file that `key` names; the former wins.
    func pem(_ key: String) throws(ConfigurationError) -> PEMSource? {
        let data = try string("\(key)-data")
        if !data.isEmpty {
            guard let bytes = Base64.decode(data) else { throw failure("\(key)-data is no base64") }
            return .data(bytes)
        }
        let path = try path(key)
        return path.isEmpty ? nil : .file(path)
    }
}
