import KubeClient

/// What a command goes by, as a configuration file whose comments say where each value comes from.
struct EffectiveConfiguration {
    let settings: Settings
    let options: [OptionSyntax]

    var text: String {
        let lines = options.filter { $0.reach == .file }.map(line)
        return (["apiVersion: \(FileSource.apiVersion)", "kind: \(FileSource.kind)"] + lines).joined(separator: "\n")
    }

    private func line(_ option: OptionSyntax) -> String {
        let values = settings.values(option)
        guard let origin = values.first?.origin else {
            guard let standard = option.standard else { return "# \(option.key) is not given" }
            return "\(option.key): \(option.form.literal(standard)) # \(Origin.standard.summary)"
        }
        let literals = values.map { option.form.literal($0.text) }
        let value = option.isList ? "[\(literals.joined(separator: ", "))]" : literals.joined()
        return "\(option.key): \(value) # \(origin.summary)"
    }
}
