/// The most that is kept of texts that somebody else wrote, in bytes of UTF-8; a status has room for all of it.
enum Bounds {
    static let message = 1024
    static let engineReason = 128
    /// Names of tasks, steps and outputs.
    static let name = 253
    static let digest = 128
    static let outputValue = 4096
    /// How many outputs are kept, and how many bytes of all their values.
    static let outputs = 64
    static let outputsTotal = 32 * 1024
}
