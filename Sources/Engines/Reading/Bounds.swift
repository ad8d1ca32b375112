import Status

/// The most that is kept of texts that somebody else wrote, in bytes of UTF-8; a status has room for all of it.
enum Bounds {
    static let message = Status.Bounds.message
    static let engineReason = 128
    /// Names of tasks, steps and outputs.
    static let name = Status.Bounds.name
    static let digest = 128
    static let outputValue = Status.Bounds.outputValue
    /// How many outputs are kept, and how many bytes of all their values.
    static let outputs = Status.Bounds.outputs
    static let outputsTotal = 32 * 1024
}
