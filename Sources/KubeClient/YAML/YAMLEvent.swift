/// One step of a YAML text, and where it stands.
struct YAMLEvent {
    let kind: Kind
    /// Line and column, counted from 1.
    let line: Int
    let column: Int

    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(text: String, isPlain: Bool, Properties)
        case sequenceStart(Properties)
        case sequenceEnd
        case mappingStart(Properties)
        case mappingEnd
    }

    /// What may stand before a node.
    struct Properties {
        let anchor: String?
        /// The tag in full, such as `tag:yaml.org,2002:str`; nil when there is none.
        let tag: String?
    }
}
