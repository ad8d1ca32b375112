import KubeClient

/// Reads options from a configuration file: one YAML mapping, whose keys are the options'.
struct FileSource {
    static let apiVersion = "config.towline.dev/v1alpha1"
    static let kind = "OperatorConfiguration"
    private static let header = ["apiVersion": apiVersion, "kind": kind]

    private let path: String
    private let members: JSONObject
    private let places: YAMLMemberPositions

    /// - Parameter path: how messages name the file.
    /// - Throws: where the text is no YAML, or no configuration of this version.
    init(_ bytes: [UInt8], path: String) throws(UsageError) {
        self.path = path
        let documents: [JSONValue]
        do {
            documents = try YAML.documents(bytes, source: path)
            places = try YAMLMemberPositions(bytes, source: path)
        } catch {
            throw UsageError("\(error)", exitCode: 1)
        }
        guard documents.count <= 1 else {
            throw UsageError("\(path): the file has several documents; leave one", exitCode: 1)
        }
        guard let members = (documents.first ?? .object([:])).objectValue else {
            throw UsageError("\(path): expected a mapping of keys and values", exitCode: 1)
        }
        self.members = members
        for (key, word) in Self.header.sorted(by: { $0.key < $1.key }) where members[key] != .string(word) {
            let found = members[key].map { ", not \($0.encodedString.bounded(to: 200))" } ?? ""
            throw origin(key).error("expected \(word)\(found); a configuration begins with \(key): \(word)")
        }
    }

    /// The values of the options that the file gives.
    ///
    /// - Throws: a key that no option has, and a value of another type than the option's.
    func values(for options: [OptionSyntax]) throws(UsageError) -> [String: [GivenValue]] {
        let options = options.filter { $0.reach == .file }
        var given: [String: [GivenValue]] = [:]
        for member in members where Self.header[member.key] == nil {
            guard let option = options.first(where: { $0.key == member.key }) else {
                throw unknown(member.key, options)
            }
            given[option.name] = try option.isList ? list(member, option) : [value(member.value, of: option)]
        }
        return given
    }

    private func list(_ member: JSONObject.Member, _ option: OptionSyntax) throws(UsageError) -> [GivenValue] {
        guard let elements = member.value.arrayValue else {
            let mend =
                member.value.isNull
                ? "leave the key out to have the default" : "write [\(member.value.encodedString.bounded(to: 200))]"
            throw origin(option.key).error("expected a list; \(mend)")
        }
        var values: [GivenValue] = []
        for (index, element) in elements.enumerated() {
            values.append(try value(element, of: option, element: index))
        }
        return values
    }

    private func value(
        _ value: JSONValue, of option: OptionSyntax, element: Int? = nil
    ) throws(UsageError) -> GivenValue {
        let origin = origin(option.key, element: element)
        guard let text = option.form.text(of: value) else {
            throw origin.error("expected \(option.expected), \(option.form.mismatch(value))")
        }
        return GivenValue(text: text, origin: origin)
    }

    private func origin(_ key: String, element: Int? = nil) -> Origin {
        let member = places[key]
        guard let element else {
            return .file(path: path, line: member?.value.line ?? 0, column: member?.value.column ?? 0, key: key)
        }
        let place = member.flatMap { $0.elements.indices.contains(element) ? $0.elements[element] : $0.value }
        return .file(path: path, line: place?.line ?? 0, column: place?.column ?? 0, key: "\(key)[\(element)]")
    }

    private func unknown(_ key: String, _ options: [OptionSyntax]) -> UsageError {
        let place = places[key].map { ":\($0.key.line):\($0.key.column)" } ?? ""
        let nearest = Spelling.nearest(to: key, among: options.map(\.key))
        let mend = nearest.map { "did you mean \($0)?" } ?? "there are \(options.map(\.key).joined(separator: ", "))"
        return UsageError("\(path)\(place): unknown key \"\(key)\"; \(mend)", exitCode: 1)
    }
}
