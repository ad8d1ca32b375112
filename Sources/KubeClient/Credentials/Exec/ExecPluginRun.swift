#if canImport(Glibc)
import Glibc
#endif

/// One run of an exec plugin, from its command line to the credential.
struct ExecPluginRun {
    let plugin: ExecPlugin
    let environment: [String: String]
    let timeout: Duration

    struct Problem: Error {
        let message: String
    }

    /// Runs the plugin; blocks until it has ended.
    func credential(now: () -> Timestamp) -> Result<RefreshState<Credential>.Loaded, Problem> {
        var environment = environment.merging(plugin.environment) { $1 }
        switch plugin.information() {
        case .success(let information): environment["KUBERNETES_EXEC_INFO"] = information
        case .failure(let error): return .failure(Problem(message: error.description))
        }
        // The plugin's own PATH is for what it starts itself.
        let searchPath = self.environment["PATH"] ?? ""
        guard let path = plugin.executable(searchPath: searchPath, isExecutable: Self.isExecutable) else {
            return .failure(missing)
        }
        let process = ChildProcess(
            path: path, arguments: plugin.arguments, environment: environment, timeout: timeout)
        let ending = process.run()
        switch ending.outcome {
        case .exited(code: 0): return ExecPluginOutput(apiVersion: plugin.apiVersion).read(ending.output, now: now())
        case .notStarted(errno: ENOENT): return .failure(missing)
        case .notStarted(let code): return failure("cannot be started: \(String(cString: strerror(code)))", ending)
        case .exited(let code): return failure("exited with code \(code)", ending)
        case .killed(let signal): return failure("was killed by signal \(signal)", ending)
        case .timedOut: return failure("did not end within \(timeout)", ending)
        case .wroteTooMuch: return failure("wrote more than \(ChildProcess.maximumOutput) bytes", ending)
        }
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return access(path, X_OK) == 0 && stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR
    }

    private var missing: Problem {
        let place = plugin.command.contains("/") ? "is no executable file" : "is in no directory of PATH"
        let hint = Self.printable(Array(plugin.installHint.utf8))
        return Problem(message: hint.isEmpty ? "\(place); install it" : "\(place). \(hint)")
    }

    private func failure(
        _ what: String, _ ending: ChildProcess.Ending
    ) -> Result<RefreshState<Credential>.Loaded, Problem> {
        let text = Self.printable(ending.errorText)
        return .failure(Problem(message: text.isEmpty ? what : "\(what): \(text)"))
    }

    /// Foreign text made fit for one line of a message: no control characters, no blanks at its ends.
    private static func printable(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(ChildProcess.maximumErrorText), as: UTF8.self)
        let visible = text.unicodeScalars.split { $0.properties.generalCategory == .control || $0 == " " }
        return visible.map { String($0) }.joined(separator: " ")
    }
}
