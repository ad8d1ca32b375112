/// YAML as Kubernetes uses it: another spelling of JSON.
///
/// Plain scalars resolve by YAML 1.2's core schema (`true`, `null`, `~`, `12`, `0x1F`, `1.5e3`), with two habits of
/// `kubectl` kept: `0644` is octal, and what looks like a date stays a string. `yes`, `no`, `on` and `off` are strings,
/// where `kubectl` reads YAML 1.1 booleans: a file that means a boolean by them should say `true` or `false`.
/// `!!binary` is base64 of the bytes of a UTF-8 string. Keys that are numbers or booleans become strings. Merge keys (`<<`) are understood.
public enum YAML {
    /// The longest text that is read, in bytes.
    public static let maximumSize = 16 << 20
    /// The deepest nesting that is read, aliases expanded.
    public static let maximumDepth = 100
    /// How much aliases may add to a text, each node counted as one plus the bytes of its scalar.
    public static let maximumAliasExpansion = 1 << 20

    /// How much of what other programs accept is an error.
    enum Leniency: Sendable {
        /// What looks like a mistake is an error.
        case strict
        /// What client-go accepts where it decodes kubeconfigs and the output of exec plugins is accepted, too: of a
        /// key that stands twice the last value counts, unknown tags mean nothing, and what follows the first document
        /// is not read. `yes`, `on` and the like stay strings; who expects a boolean takes them for one.
        case clientGo
    }

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
        var composer = YAMLComposer(events: try YAMLEventReader(bytes, source: source), leniency: .strict)
        return try composer.documents()
    }

    /// Reads the first document of a YAML stream as client-go does (``Leniency/clientGo``); null when there is none.
    static func firstDocument(_ bytes: [UInt8], source: String) throws(YAMLError) -> JSONValue {
        guard bytes.count <= maximumSize else {
            throw YAMLError(source: source, line: 1, column: 1, message: "the text has more than \(maximumSize) bytes")
        }
        var composer = YAMLComposer(events: try YAMLEventReader(bytes, source: source), leniency: .clientGo)
        return try composer.firstDocument()
    }
}
