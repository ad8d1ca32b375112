import KubeClient
import TowlineAPI

/// What a PipelineRun's `status.childReferences` says about the objects made for its tasks.
struct PipelineRunChildren {
    private(set) var counts = ChildCounts()
    private var unreadable = UnreadChildren()

    /// True once a TaskRun, CustomRun or PipelineRun was made.
    var areAny: Bool { !counts.isEmpty }

    /// The children that are no TaskRuns; nil where there are none.
    var others: UnreadChildren? { unreadable.isEmpty ? nil : unreadable }

    /// Reads one reference; what is none counts as a TaskRun, as something was made.
    mutating func read(_ cursor: inout JSONCursor) throws(JSONError) {
        var kind = ""
        var name = ""
        var task = ""
        try cursor.forEachFieldIfPresent { (key, cursor) throws(JSONError) in
            switch key {
            case "kind": kind = try cursor.readStringIfPresent() ?? ""
            case "name": name = try cursor.readStringIfPresent() ?? ""
            case "pipelineTaskName": task = try cursor.readStringIfPresent() ?? ""
            default: try cursor.skipValue()
            }
        }
        switch kind {
        case "", TaskRun.resource.kind: counts.taskRuns.increment()
        case CustomRun.resource.kind:
            counts.customRuns.increment()
            unreadable.customRuns.add(task: task.isEmpty ? name : task, kind: kind, name: name)
        default:
            counts.others.increment()
            unreadable.others.add(task: task.isEmpty ? name : task, kind: kind, name: name)
        }
    }
}

extension UInt16 {
    /// One more, up to the largest number there is.
    fileprivate mutating func increment() {
        if self < .max { self += 1 }
    }
}
