import KubeClient
import TowlineAPI

/// Takes the results of a run up to a number and a size, and says where it cut.
struct OutputCollector {
    private var kept: [Output] = []
    private var size = 0
    private var leftOut = 0

    /// Reads a list of `{name, value}`, the form both engines use; what has no name or no value is no result.
    mutating func read(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.forEachElementIfPresent { (cursor) throws(JSONError) in
            var name = ""
            var value: String?
            try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
                switch key {
                case "name": name = try cursor.readStringIfPresent() ?? ""
                case "value": value = try cursor.readTextIfPresent()
                default: try cursor.skipValue()
                }
            }
            if let value, !name.isEmpty { add(Output(name: name.bounded(to: Bounds.name), value: Self.cut(value))) }
        }
    }

    private mutating func add(_ output: Output) {
        let sum = size + output.value.utf8.count
        // One place is kept free for the mark.
        guard kept.count < Bounds.outputs - 1, sum <= Bounds.outputsTotal else {
            leftOut += 1
            return
        }
        kept.append(output)
        size = sum
    }

    private static func cut(_ value: String) -> String {
        let size = value.utf8.count
        guard size > Bounds.outputValue else { return value }
        let mark = " (cut, it has \(size) bytes)"
        return value.bounded(to: Bounds.outputValue - mark.utf8.count) + mark
    }

    /// What was kept; where results were left out, a last one named `…` says how many.
    var outputs: [Output] {
        guard leftOut > 0 else { return kept }
        return kept + [Output(name: "…", value: "\(leftOut) more left out")]
    }
}
