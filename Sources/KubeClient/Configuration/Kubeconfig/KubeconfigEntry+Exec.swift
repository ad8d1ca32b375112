/// The fields of a user's `exec`.
extension KubeconfigEntry {
    func plugin(for cluster: KubeconfigEntry) throws(ConfigurationError) -> ExecPlugin {
        let apiVersion = try string("apiVersion")
        guard ExecPlugin.apiVersions.contains(apiVersion) else {
            throw failure(
                "apiVersion \"\(apiVersion)\" is not spoken; use one of "
                    + ExecPlugin.apiVersions.joined(separator: ", "))
        }
        let command = try string("command")
        guard !command.isEmpty else { throw failure("it has no command; add one") }
        try checkInteractiveMode(apiVersion: apiVersion)
        var environment: [String: String] = [:]
        for variable in try objects("env") {
            let name = try variable.string("name")
            guard !name.isEmpty, !name.contains("=") else {
                throw variable.failure("the name is missing or has a \"=\"")
            }
            environment[name] = try variable.string("value")
        }
        return ExecPlugin(
            apiVersion: apiVersion, command: command.contains("/") ? resolved(command) : command,
            arguments: try strings("args"), environment: environment, installHint: try string("installHint"),
            cluster: try bool("provideClusterInfo") ? try cluster.execInformation() : nil)
    }

    /// A plugin never gets a terminal here, which `Never` and `IfAvailable` allow.
    private func checkInteractiveMode(apiVersion: String) throws(ConfigurationError) {
        switch try string("interactiveMode") {
        case "Never", "IfAvailable": return
        case "Always":
            throw failure("interactiveMode is Always, but there is no terminal here; use a plugin that needs none")
        case "" where apiVersion.hasSuffix("/v1beta1"): return
        case let mode:
            throw failure("interactiveMode is \"\(mode)\"; set it to Never or IfAvailable")
        }
    }
}
