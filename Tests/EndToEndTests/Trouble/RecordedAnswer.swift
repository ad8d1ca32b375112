import Foundation
import KubeClient
import KubeRuntime
import TestSupport

/// An answer of a real API server to the create of a run, kept in `Answers/`.
struct RecordedAnswer: Sendable {
    let status: JSONValue

    /// The answer to the create of the run of this name.
    init(_ name: String, run: String, of type: ResourceType, in namespace: String) throws {
        let file = Repository.file("Tests/EndToEndTests/Answers/\(name).json")
        var text = try String(contentsOf: file, encoding: .utf8)
        for (placeholder, value) in [
            ("{run}", run), ("{namespace}", namespace), ("{plural}", type.plural), ("{group}", type.group),
        ] { text = text.replacingOccurrences(of: placeholder, with: value) }
        status = try JSONValue(parsing: text)
    }

    /// The answer as a server gives it.
    var response: HTTPServerResponse { .json(status.encoded, status: Int(status["code"]?.integerValue ?? 500)) }
}
