/// YAML as Kubernetes uses it: another spelling of JSON.
///
/// Plain scalars resolve by YAML 1.2's core schema (`true`, `null`, `~`, `12`, `0x1F`, `1.5e3`), with two habits of
/// `kubectl` kept: `0644` is octal, and what looks like a date stays a string. `yes`, `no`, `on` and `off` are strings,
/// where `kubectl` reads YAML 1.1 booleans: a file that means a boolean by them should say `true` or `false`.
/// Keys that are numbers or booleans become strings. Merge keys (`<<`) are understood.
public enum YAML {
    /// The longest text that is read, in bytes.
    public static let maximumSize = 16 << 20
    /// The deepest nesting that is read, aliases expanded.
    public static let maximumDepth = 100
    /// How much aliases may add to a text, each node counted as one plus the bytes of its scalar.
    public static let maximumAliasExpansion = 1 << 20

    /// Reads the documents of a YAML stream; empty ones are left out.
    ///
    /// A key that stands twice in a mapping, an unknown tag or alias, and a text beyond the limits above are errors.
    /// - Parameter source: the name of the text in errors, such as the path of its file.
    public static func documents(_ bytes: [UInt8], source: String) throws(YAMLError) -> [JSONValue] {
        guard bytes.count <= maximumSize else {
            throw YAMLError(
                source: source, line: 1, column: 1,
                message: "the text has \(bytes.count) bytes, more than the \(maximumSize) that are read")
        }
        var composer = YAMLComposer(events: try YAMLEventReader(bytes, source: source))
        return try composer.documents()
    }
}
