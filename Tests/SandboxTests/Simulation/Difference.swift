import KubeClient

/// Compares what was written with what a recording has, apart from what differs from run to run.
struct Difference {
    /// Keys whose values are not compared, wherever they stand; that they are there is.
    var volatile: Set<String> = [
        "uid", "resourceVersion", "creationTimestamp", "lastTransitionTime", "startTime", "completionTime",
        "startedAt", "finishedAt", "finallyStartTime", "tekton.dev/pipelineRunUID",
        "workflows.argoproj.io/trace-id", "resourcesDuration",
    ]
    /// Keys that are not compared at all.
    var ignored: Set<String> = []

    /// The first place where two lists of states differ, or nil.
    func first(_ actual: [JSONValue], _ recorded: [JSONValue], in name: String) -> String? {
        for index in 0..<min(actual.count, recorded.count) {
            if let path = first(actual[index], recorded[index], at: "\(name)[\(index)]") { return path }
        }
        return actual.count == recorded.count ? nil : "\(name): \(actual.count) states, recorded \(recorded.count)"
    }

    private func first(_ actual: JSONValue, _ recorded: JSONValue, at path: String) -> String? {
        switch (actual, recorded) {
        case (.object(let mine), .object(let theirs)):
            for key in Set(mine.keys).union(theirs.keys).sorted() where !ignored.contains(key) {
                let place = "\(path).\(key)"
                switch (mine[key], theirs[key]) {
                case (let mine?, let theirs?):
                    if volatile.contains(key) { continue }
                    if let found = first(mine, theirs, at: place) { return found }
                case (nil, let theirs?): return "\(place) is missing, recorded \(theirs.encodedString.prefix(200))"
                case (let mine?, nil): return "\(place) is \(mine.encodedString.prefix(200)), not recorded"
                case (nil, nil): continue
                }
            }
            return nil
        case (.array(let mine), .array(let theirs)):
            for index in 0..<min(mine.count, theirs.count) {
                if let found = first(mine[index], theirs[index], at: "\(path)[\(index)]") { return found }
            }
            return mine.count == theirs.count ? nil : "\(path) has \(mine.count) elements, recorded \(theirs.count)"
        default:
            return actual == recorded
                ? nil : "\(path) is \(actual.encodedString.prefix(300)), recorded \(recorded.encodedString.prefix(300))"
        }
    }
}
