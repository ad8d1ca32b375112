/// A page of metrics, read by the letter of the Prometheus text format, version 0.0.4.
///
/// It is stricter than Prometheus itself: what a scraper would forgive is an error here.
public struct Exposition: Sendable {
    public enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    public struct Sample: Hashable, Sendable {
        public let name: String
        public let labels: [String: String]
        public let value: Double
    }

    public struct Family: Sendable {
        public let name: String
        public let kind: Kind
        public let help: String
        public internal(set) var samples: [Sample]
    }

    public let families: [Family]

    /// Reads a page.
    ///
    /// - Throws: the first thing that is wrong, with its line.
    public init(_ text: String) throws(ExpositionError) {
        var reader = ExpositionReader()
        guard text.isEmpty || text.hasSuffix("\n") else { throw ExpositionError(0, "the last line has no end") }
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().enumerated() {
            do {
                try reader.read(line)
            } catch {
                throw ExpositionError(index + 1, "\(error.problem): \(line)")
            }
        }
        families = try reader.finish()
    }

    public func family(_ name: String) -> Family? { families.first { $0.name == name } }

    /// The value of one series; nil when there is none.
    public func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        families.lazy.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
    }
}

/// What is wrong with a page of metrics, and in which line; line 0 is the whole page.
public struct ExpositionError: Error, CustomStringConvertible {
    public let line: Int
    public let problem: String

    init(_ line: Int = 0, _ problem: String) {
        self.line = line
        self.problem = problem
    }

    public var description: String { "line \(line): \(problem)" }
}
