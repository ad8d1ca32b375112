import KubeClient
import TowlineAPI

@testable import Engines

/// Reads a run from its JSON.
func read(_ text: some Sequence<UInt8>, by engine: any Engine) throws(JSONError) -> EngineRun {
    var cursor = JSONCursor(Array(text))
    return try engine.decodeRun(&cursor)
}

/// Reads a PipelineRun with this status and spec.
func pipelineRun(status: String = "{}", spec: String = "{}") throws(JSONError) -> EngineRun {
    try read(
        #"{"metadata":{"name":"r","namespace":"n","uid":"u","resourceVersion":"7"},"spec":\#(spec),"status":\#(status)}"#
            .utf8,
        by: TektonEngine())
}

/// Reads a Workflow with this status and spec.
func workflow(status: String = "{}", spec: String = "{}") throws(JSONError) -> EngineRun {
    try read(
        #"{"metadata":{"name":"w","namespace":"n","uid":"u","resourceVersion":"7"},"spec":\#(spec),"status":\#(status)}"#
            .utf8,
        by: ArgoEngine())
}

/// Reads the items of a list of children.
func children(_ list: some Sequence<UInt8>, by engine: any Engine) throws(JSONError) -> [EngineChild] {
    var children: [EngineChild] = []
    var cursor = JSONCursor(Array(list))
    try cursor.forEachField { (key, cursor) throws(JSONError) in
        guard key == "items" else {
            try cursor.skipValue()
            return
        }
        try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
            children.append(try engine.decodeChild(&cursor))
        }
    }
    try cursor.expectEnd()
    return children
}

extension RunState {
    /// The whole state in one line, for tables of expected states:
    /// `Reason executed progress engineReason "message" [task/step exitCode reason] name=value…`.
    var line: String {
        var parts = [reason.rawValue]
        parts.append(executed.map { $0 ? "executed" : "idle" } ?? "unknown")
        parts.append(progress?.description ?? "-")
        parts.append(engineReason.isEmpty ? "-" : engineReason)
        parts.append("\"\(message)\"")
        if let failure {
            let place = [failure.task, failure.step].map { $0 ?? "-" }.joined(separator: "/")
            parts.append("[\(place) \(failure.exitCode.map(String.init) ?? "-") \(failure.reason ?? "-")]")
        }
        parts += outputs.map { "\($0.name)=\($0.value)" }
        return parts.joined(separator: " ")
    }
}
