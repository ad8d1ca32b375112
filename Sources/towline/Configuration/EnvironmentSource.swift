/// Reads options from environment variables whose names begin with `TOWLINE_`.
///
/// Kubernetes gives every pod variables for the services of its namespace, and for one that is called `towline-…` they
/// have that prefix too. They are told by their own law: a service has both `…_SERVICE_HOST` and `…_SERVICE_PORT`.
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

    /// The values of the options that are set; an empty variable counts as not set, and a list is divided by commas.
    ///
    /// - Throws: a variable that no option has.
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
        // Without the prefix, which all have in common.
        let stems = options.map { String($0.variable.dropFirst(prefix.count)) }
        let nearest = Spelling.nearest(to: String(name.dropFirst(prefix.count)), among: stems)
        let mend =
            nearest.map { "did you mean \(prefix)\($0)?" } ?? "unset it; 'towline operator --help' says which there are"
        return UsageError("unknown environment variable \(name); \(mend)", exitCode: 1)
    }
}
