import KubeClient

/// Something the process was told that it cannot use: what, where, and the mend.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    /// What the process ends with: 2 for a command line, 1 for a configuration that cannot be used.
    let exitCode: Int32

    init(_ description: String, exitCode: Int32 = 2) {
        // It quotes what it was told, which may be of any length.
        self.description = description.bounded(to: 4096)
        self.exitCode = exitCode
    }
}
