import KubeClient

@testable import Engines

/// Reads one run from its text.
func read(_ text: some Sequence<UInt8>, by engine: any Engine) throws(JSONError) -> EngineRun {
    var cursor = JSONCursor(Array(text))
    return try engine.decodeRun(&cursor)
}

/// Reads a PipelineRun that has this status and spec.
func pipelineRun(status: String = "{}", spec: String = "{}") throws(JSONError) -> EngineRun {
    try read(
        #"{"metadata":{"name":"r","namespace":"n","uid":"u","resourceVersion":"7"},"spec":\#(spec),"status":\#(status)}"#
            .utf8,
        by: TektonEngine())
}

/// Reads a Workflow that has this status and spec.
func workflow(status: String = "{}", spec: String = "{}") throws(JSONError) -> EngineRun {
    try read(
        #"{"metadata":{"name":"w","namespace":"n","uid":"u","resourceVersion":"7"},"spec":\#(spec),"status":\#(status)}"#
            .utf8,
        by: ArgoEngine())
}
