import KubeClient
import WorkflowAPI

/// What a PipelineRun's `status.childReferences` says about the objects made for its tasks.
struct PipelineRunChildren {
    private var taskRuns = 0
    private var others = UnreadChildren()

    /// True once a TaskRun, CustomRun or PipelineRun was made.
    var areAny: Bool { taskRuns > 0 || others.count > 0 }

    /// The children that a list of TaskRuns does not show; nil where there are none.
    var unread: UnreadChildren? {
        guard others.count > 0 else { return nil }
        var unread = others
        unread.siblings = taskRuns
        return unread
    }

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
        if kind.isEmpty || kind == TaskRun.resource.kind {
            taskRuns += 1
        } else {
            others.add(task: task.isEmpty ? name : task, kind: kind, name: name)
        }
    }
}
