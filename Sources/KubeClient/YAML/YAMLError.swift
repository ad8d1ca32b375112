/// What is wrong with a YAML text, and where.
public struct YAMLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name the text was given, such as the path of its file.
    public let source: String
    /// Counted from 1.
    public let line: Int
    /// Counted from 1, in characters.
    public let column: Int
    public let message: String

    public init(source: String, line: Int, column: Int, message: String) {
        self.source = source
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String { "\(source):\(line):\(column): \(message)" }
}
