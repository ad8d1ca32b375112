import KubeClient

@testable import Engines

/// One written-down state beyond the recorded ones: three or four lines of a table, and an empty one.
struct FurtherState {
    let engine: any Engine
    /// Where it comes from: a file of the engine's source or documentation, an issue, or the idea behind it.
    let source: String
    /// The run's `spec` and `status`; TaskRuns, where they are looked at.
    let run: JSONObject
    let children: JSONValue?
    /// The state as one line (see `RunState.line`).
    let expected: String

    static func table(_ text: String) throws -> [FurtherState] {
        try text.split(separator: "\n\n").map { block in
            let lines = block.split(separator: "\n").map(String.init)
            guard lines.count == 3 || lines.count == 4 else { throw Misprint(text: String(block)) }
            return try FurtherState(lines)
        }
    }

    private init(_ lines: [String]) throws {
        guard let word = lines[0].split(separator: " ").first,
            let engine = EngineCatalogue.all.first(where: { $0.name.rawValue == word }),
            let run = try JSONValue(parsing: lines[1]).objectValue
        else { throw Misprint(text: lines[0]) }
        self.engine = engine
        self.run = run
        source = lines[0]
        children = lines.count == 4 ? try JSONValue(parsing: lines[2]) : nil
        expected = lines[lines.count - 1]
    }

    /// How the run reads, with its children looked at where there are some.
    func line() throws -> String {
        var object = run
        object["metadata"] = ["name": "r", "namespace": "n", "uid": "u"]
        let run = try read(JSONValue.object(object).encoded, by: engine)
        var state = run.state
        if let list = children, !engine.childListings(for: run).isEmpty {
            let list = JSONValue(dictionaryLiteral: ("items", list)).encoded
            state = engine.state(of: run, children: try EnginesTests.children(list, by: engine))
        }
        return state.line.split(separator: "\n").joined(separator: "\\n")
    }

    struct Misprint: Error {
        let text: String
    }
}
