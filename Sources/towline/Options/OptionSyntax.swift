/// What an option is called in each source, what it takes and what it is for.
///
/// This is the only declaration of an option: flags, environment variables, the configuration file, the help text and
/// the table in the documentation are made from it.
struct OptionSyntax: Sendable {
    /// Which sources may give the option.
    enum Reach: Sendable {
        /// Only the command line.
        case commandLine
        /// The command line and the environment.
        case environment
        /// These and the configuration file.
        case file
    }

    /// The flag without its dashes.
    let name: String
    /// Other names of the flag, which people know from elsewhere.
    let aliases: [String]
    /// What stands for a value in the help text; nil for a switch.
    let placeholder: String?
    /// What has to be written, such as `a whole number from 1 to 256`.
    let expected: String
    let form: ValueForm
    /// The default as it would be written; nil where there is none.
    let standard: String?
    /// True for a list: the flag may be repeated, the file has a list, and the variable has commas.
    let isList: Bool
    let reach: Reach
    /// One sentence for the help text, without the default.
    let help: String
    /// The option's key in the configuration file.
    let key: String
    /// Fails where the values cannot be used.
    let check: @Sendable ([GivenValue]) throws(UsageError) -> Void

    var flag: String { "--\(name)" }

    var flags: [String] { [flag] + aliases.map { "--\($0)" } }

    var variable: String { "TOWLINE_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined() }

    /// The flag with what stands for its value.
    var usage: String { placeholder.map { "\(flag) \($0)" } ?? flag }

    /// The key that follows from a name: `poll-interval` gives `pollInterval`.
    static func key(of name: String) -> String {
        let words = name.split(separator: "-")
        return words.dropFirst().reduce(words.first.map(String.init) ?? "") { key, word in
            key + word.prefix(1).uppercased() + word.dropFirst()
        }
    }
}

/// A value as a source gives it.
struct GivenValue: Sendable, Hashable {
    /// What a flag would be given for it.
    let text: String
    let origin: Origin
}
