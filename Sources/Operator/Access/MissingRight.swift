import KubeClient
import KubeRuntime

/// Verbs of a right that the operator does not have.
struct MissingRight: Hashable, Sendable {
    let right: Right
    /// Not empty.
    let verbs: [Right.Verb]
    /// Where they are missing; empty when the operator does not have them in all namespaces.
    var namespaces: [String]

    /// How many namespaces one line names.
    private static let limit = 20

    /// Joins what is missing in several namespaces alike, so that each right makes one line.
    static func joined(_ missing: [MissingRight]) -> [MissingRight] {
        missing.reduce(into: []) { lines, one in
            if let line = lines.firstIndex(where: { $0.right == one.right && $0.verbs == one.verbs }) {
                lines[line].namespaces += one.namespaces
            } else {
                lines.append(one)
            }
        }
    }

    func log(to logger: Logger) {
        let more = namespaces.count > Self.limit ? ["and \(namespaces.count - Self.limit) more"] : []
        // Each right is a trouble of its own: as context, so that none is held back as a repetition of another.
        logger.with([
            "verbs": .own(verbs.map(\.rawValue).joined(separator: ", ")),
            "resource": .own(right.qualifiedResource),
            "namespaces": .own(
                namespaces.isEmpty ? "all" : (namespaces.prefix(Self.limit) + more).joined(separator: ", ")),
            "consequence": .own(right.loss),
        ]).warn("A right is missing")
    }
}
