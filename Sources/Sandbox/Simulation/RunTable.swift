import KubeClient

/// The runs a simulated engine looks after; pure bookkeeping.
struct RunTable<Run: SimulatedRun> {
    private struct Entry {
        let uid: String
        /// Nil while a worker has it, and when the run has ended.
        var run: Run?
        var request: Run.Request
        /// The request is not known to the run yet.
        var isRequestNew = false
        var isFinished = false
        /// The last watch that told of it.
        var watch: Int
    }

    private var entries: [ObjectKey: Entry] = [:]
    private var watch = 0

    /// A watch begins, which will tell every present object.
    mutating func beginWatch() {
        watch += 1
    }

    /// The watch has told every present object: runs it did not tell of were deleted in between.
    mutating func endInitialEvents() {
        entries = entries.filter { $0.value.watch == watch }
    }

    /// Takes note of an object and tells whether its run has something to do now.
    mutating func observe(_ object: JSONValue, key: ObjectKey) -> Bool {
        let request = Run.request(in: object)
        guard let entry = entries[key], entry.uid == object.uid else {
            guard let run = Run(object) else { return false }
            entries[key] = Entry(uid: object.uid, run: run, request: request, watch: watch)
            return true
        }
        entries[key]?.watch = watch
        guard !entry.isFinished, entry.request != request else { return false }
        entries[key]?.request = request
        entries[key]?.isRequestNew = true
        return true
    }

    /// Forgets a run; one with another UID is a later one of the same name.
    mutating func remove(_ key: ObjectKey, uid: String) {
        guard entries[key]?.uid == uid else { return }
        entries[key] = nil
    }

    /// Hands a run to a worker.
    mutating func take(_ key: ObjectKey) -> (run: Run, uid: String)? {
        guard let entry = entries[key], let run = entry.run else { return nil }
        entries[key]?.run = nil
        return (run, entry.uid)
    }

    mutating func takeRequest(_ key: ObjectKey) -> Run.Request? {
        guard let entry = entries[key], entry.isRequestNew else { return nil }
        entries[key]?.isRequestNew = false
        return entry.request
    }

    /// Takes a run back and tells whether a request came in the meantime; a deleted run is dropped.
    mutating func put(_ run: Run, key: ObjectKey, uid: String) -> Bool {
        guard let entry = entries[key], entry.uid == uid else { return false }
        if run.isFinished {
            entries[key]?.isFinished = true
            return false
        }
        entries[key]?.run = run
        return entry.isRequestNew
    }
}
