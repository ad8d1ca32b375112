import KubeClient

/// Reads options from environment variables whose names begin with `TOWLINE_`.
///
/// Kubernetes sets variables with this prefix for services named `towline-…`. They are recognized by the pair
/// `…_SERVICE_HOST` and `…_SERVICE_PORT` and ignored.
struct EnvironmentSource {
    private static let prefix = "TOWLINE_"
    private let variables: [(name: String, text: String)]

    init(_ environment: [String: String]) {
        let links = environment.keys
            .filter { $0.hasSuffix("_SERVICE_HOST") }
            .map { $0.dropLast("_SERVICE_HOST".count) }
            .filter { environment["\($0)_SERVICE_PORT"] != nil }
            .flatMap { ["\($0)_SERVICE_HOST", "\($0)_SERVICE_PORT", "\($0)_PORT"] }
        variables =
            environment
            .filter { name, _ in
                name.hasPrefix(Self.prefix) && !links.contains { name == $0 || name.hasPrefix($0 + "_") }
            }
            .map { (name: $0.key, text: $0.value) }
            .sorted { $0.name < $1.name }
    }

    /// The values by option name. An empty variable is not set; commas separate the elements of a list.
    ///
    /// - Throws: if a variable belongs to no option.
    func values(for options: [OptionSyntax]) throws(UsageError) -> [String: [GivenValue]] {
        let options = options.filter { $0.reach != .commandLine }
        var given: [String: [GivenValue]] = [:]
        for (name, text) in variables {
            guard let option = options.first(where: { $0.variable == name }) else {
                throw Self.unknown(name, options)
            }
            guard !text.isEmpty else { continue }
            let texts = option.isList ? text.split(separator: ",", omittingEmptySubsequences: false) : [text[...]]
            given[option.name] = texts.map { GivenValue(text: String($0), origin: .variable(name)) }
        }
        return given
    }

    private static func unknown(_ name: String, _ options: [OptionSyntax]) -> UsageError {
        // Compare without the prefix, which all of them share.
        let stems = options.map { String($0.variable.dropFirst(prefix.count)) }
        let nearest = Spelling.nearest(to: String(name.dropFirst(prefix.count)), among: stems)
        let fix =
            nearest.map { "did you mean \(prefix)\($0)?" } ?? "unset it, or see 'towline operator --help'"
        return UsageError("unknown environment variable \(name); \(fix)", exitCode: 1)
    }
}

/// Reads options from a configuration file: one YAML mapping of option keys to values.
package struct FileSource {
    static let apiVersion = "config.towline.dev/v1alpha1"
    static let kind = "OperatorConfiguration"
    private static let header = ["apiVersion": apiVersion, "kind": kind]

    private let path: String
    private let members: JSONObject
    private let places: YAMLMemberPositions

    /// - Parameter path: the name of the file in messages.
    /// - Throws: if the bytes are not a YAML configuration of this version.
    package init(_ bytes: [UInt8], path: String) throws(UsageError) {
        self.path = path
        let documents: [JSONValue]
        do {
            documents = try YAML.documents(bytes, source: path)
            places = try YAMLMemberPositions(bytes, source: path)
        } catch {
            throw UsageError("\(error)", exitCode: 1)
        }
        guard documents.count <= 1 else {
            throw UsageError("\(path): the file has several documents; keep one", exitCode: 1)
        }
        guard let members = (documents.first ?? .object([:])).objectValue else {
            throw UsageError("\(path): expected a mapping of keys and values", exitCode: 1)
        }
        self.members = members
        for (key, word) in Self.header.sorted(by: { $0.key < $1.key }) where members[key] != .string(word) {
            let found = members[key].map { ", not \($0.encodedString.bounded(to: 200))" } ?? ""
            throw origin(key).error("expected \(word)\(found); a configuration starts with \(key): \(word)")
        }
    }

    /// The values by option name.
    ///
    /// - Throws: if a key belongs to no option, or a value has the wrong type.
    package func values(for options: [OptionSyntax]) throws(UsageError) -> [String: [GivenValue]] {
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
            let fix =
                member.value.isNull
                ? "remove the key to use the default" : "write [\(member.value.encodedString.bounded(to: 200))]"
            throw origin(option.key).error("expected a list; \(fix)")
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
        guard let text = option.value.form.text(of: value) else {
            throw origin.error("expected \(option.value.expected), \(option.value.form.mismatch(value))")
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
        let keys = options.map(\.key)
        let nearest = Spelling.nearest(to: key, among: keys)
        let fix = nearest.map { "did you mean \($0)?" } ?? "valid keys are \(keys.joined(separator: ", "))"
        return UsageError("\(path)\(place): unknown key \"\(key)\"; \(fix)", exitCode: 1)
    }
}

/// Suggests corrections of misspelled words.
enum Spelling {
    /// The candidate with the smallest edit distance; nil if none is similar.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let ranked = candidates.map { (candidate: $0, distance: distance(word, $0)) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(2, word.count / 3) ? best.candidate : nil
    }

    /// The Levenshtein distance between the first 100 bytes of two words.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8.prefix(100))
        let right = Array(right.utf8.prefix(100))
        var previous = Array(0...right.count)
        for (row, a) in left.enumerated() {
            var current = [row + 1]
            for (column, b) in right.enumerated() {
                let substituted = previous[column] + (a == b ? 0 : 1)
                current.append(min(substituted, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous.last ?? 0
    }
}
