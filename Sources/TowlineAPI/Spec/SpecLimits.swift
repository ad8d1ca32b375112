/// The bounds of a spec; the schema in `crds/` states the same ones.
public enum SpecLimits {
    /// The longest object name, in bytes.
    public static let nameLength = 253
    /// The longest version, in characters.
    public static let versionLength = 128
    /// The longest image reference, in characters.
    public static let imageLength = 1024
    public static let parameterCount = 64
    /// The longest parameter name, in characters.
    public static let parameterNameLength = 128
    /// The longest parameter value, in characters.
    public static let parameterValueLength = 8192
    /// The longest timeout and start deadline, in seconds: 30 days.
    public static let seconds: Int64 = 30 * 86_400
    /// The longest time to live, in seconds: 10 years of 365 days.
    public static let ttlSeconds: Int64 = 3650 * 86_400
}
