extension CommandSyntax {
    /// Brings all sources together: flags win over the environment, that over the configuration file, that over defaults.
    ///
    /// - Parameters:
    ///   - environment: all variables of the process; a command whose options have flags only ignores them.
    ///   - read: the bytes of a file.
    func settings(
        from arguments: ParsedArguments, environment: [String: String],
        read: (String) throws(UsageError) -> [UInt8]
    ) throws(UsageError) -> Settings {
        guard options.contains(where: { $0.reach != .commandLine }) else {
            return try Settings([arguments.given], for: options)
        }
        let variables = try EnvironmentSource(environment).values(for: options)
        let told = try Settings([arguments.given, variables], for: options)
        guard let configurationFile, let path = try told.value(configurationFile) else { return told }
        let file = try FileSource(read(path), path: path).values(for: options)
        return try Settings([arguments.given, variables, file], for: options)
    }
}
