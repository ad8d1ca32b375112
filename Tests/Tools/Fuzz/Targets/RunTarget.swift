import Engines
import KubeClient
import Status
import TestSupport
import TowlineAPI

extension FuzzTarget {
    /// The runs of an engine, their children, and the status that is made of what was read.
    static func runs(of name: EngineName) throws -> FuzzTarget {
        let engine = EngineRegistry.engine(name)
        let recordings = try Recording.all(of: name.rawValue)
        let lists = Damage(corpus: recordings.map(\.taskRunList))
        let schema = try StatusSchema()
        return FuzzTarget(name: name.rawValue, corpus: recordings.flatMap(\.encodedRun)) { text, random in
            var cursor = JSONCursor(text)
            guard let run = try? engine.decodeRun(&cursor) else { return false }
            try check(run.state)
            let again = try? engine.decodeRun(&cursor)
            try require(again == nil || cursor.offset <= text.count, "read beyond the end")
            for shutdown in [Shutdown.stop, .terminate] {
                try require(
                    engine.shutdownPatch(shutdown, for: run) == nil || !run.state.isFinished, "ends what has ended")
            }
            var state = run.state
            if !engine.childListings(for: run).isEmpty || random.below(4) == 0,
                let children = try? children(lists.text(isJSON: true, &random), of: engine)
            {
                state = engine.state(of: run, children: children)
                try check(state)
                try require(state.isFinished == run.state.isFinished, "children changed whether the run ended")
                try require(
                    run.state.executed == nil || state.executed == run.state.executed,
                    "children changed whether a step started")
            }
            try require(state.isFinished || state.executed != false, "an unfinished run executed nothing for sure")
            if random.below(8) == 0 { try checkStatus(of: state, engine, schema) }
            return true
        }
    }

    private static func children(_ list: [UInt8], of engine: any Engine) throws(JSONError) -> [EngineChild] {
        var children: [EngineChild] = []
        var cursor = JSONCursor(list)
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            guard key == "items", try cursor.kind() == .array else {
                try cursor.skipValue()
                return
            }
            try cursor.forEachElement { (cursor) throws(JSONError) in
                children.append(try engine.decodeChild(&cursor))
            }
        }
        return children
    }

    private static func check(_ state: RunState) throws(Violation) {
        try require(!state.message.isEmpty && state.message.utf8.count <= 1024, "message of \(state.message.count)")
        try require(state.engineReason.utf8.count <= 128, "engineReason of \(state.engineReason.utf8.count)")
        if let progress = state.progress {
            try require(progress.done >= 0 && progress.done <= progress.total, "progress \(progress)")
        }
        try require(state.outputs.count <= 64, "\(state.outputs.count) outputs")
        let size = state.outputs.reduce(0) { $0 + $1.value.utf8.count }
        try require(size <= 33 << 10, "outputs of \(size) bytes")
        guard let failure = state.failure else { return }
        try require(failure.message.map { $0.utf8.count <= 1024 } ?? true, "failure.message is too long")
        try require(failure.reason.flatMap(Reason.init) != nil, "failure.reason \(failure.reason ?? "-")")
        try require(state.outcome != .success, "a success with a failure")
    }

    private static func checkStatus(of state: RunState, _ engine: any Engine, _ schema: StatusSchema) throws {
        let observation = Observation(
            reason: state.reason, message: state.message, engine: engine.name, engineReason: state.engineReason,
            progress: state.progress?.description, executed: state.executed, failure: state.failure,
            outputs: state.outputs)
        let now = ServerTime(seconds: 1_767_225_600)
        guard let status = ExecutionStatus().after(.observed(observation), generation: 1, now: now) else { return }
        let whole = WorkflowExecution(key: ObjectKey(namespace: "n", name: "a"), uid: "u", spec: nil)
        let patch = try JSONValue(parsing: StatusPatch(of: whole, to: status).body)
        let problems = schema.problems(of: patch["status"] ?? .null)
        try require(problems.isEmpty, problems.joined(separator: "; "))
    }
}
