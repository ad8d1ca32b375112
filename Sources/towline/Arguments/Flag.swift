/// One flag that a command takes.
struct Flag: Sendable {
    /// The name with its two dashes, as typed.
    let name: String
    /// What stands for the value in the help text; nil for a flag without value.
    let valueName: String?
    /// One sentence for the help text, with the default.
    let help: String
    /// True when the flag may stand more than once.
    let repeats: Bool

    init(_ name: String, value valueName: String? = nil, repeats: Bool = false, help: String) {
        self.name = name
        self.valueName = valueName
        self.help = help
        self.repeats = repeats
    }

    var usage: String {
        valueName.map { "\(name) \($0)" } ?? name
    }
}
