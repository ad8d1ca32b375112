/// Where a value comes from.
enum Origin: Sendable, Hashable {
    /// The option's own default.
    case standard
    /// A key of the configuration file; line and column are counted from 1, and 0 where they are not known.
    case file(path: String, line: Int, column: Int, key: String)
    /// An environment variable.
    case variable(String)
    /// A flag of the command line, with its dashes.
    case flag(String)

    /// What messages call the place.
    var label: String {
        switch self {
        case .standard: "default"
        case .file(let path, line: 0, column: _, let key): "\(path): \(key)"
        case .file(let path, let line, let column, let key): "\(path):\(line):\(column): \(key)"
        case .variable(let name), .flag(let name): name
        }
    }

    /// The place as the effective configuration names it.
    var summary: String {
        switch self {
        case .file(let path, line: 0, _, _): path
        case .file(let path, let line, _, _): "\(path):\(line)"
        default: label
        }
    }

    /// An error about a value from here; only mistakes of the command line end the process with 2.
    func error(_ message: String) -> UsageError {
        if case .flag = self { return UsageError("\(label): \(message)") }
        return UsageError("\(label): \(message)", exitCode: 1)
    }
}
