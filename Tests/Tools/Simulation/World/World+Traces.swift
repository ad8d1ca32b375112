/// An object that must be deallocated with its simulation.
struct Trace {
    let name: String
    private(set) weak var object: AnyObject?

    init(_ name: String, _ object: AnyObject?) {
        self.name = name
        self.object = object
    }
}

extension World {
    /// The objects that would stay in memory if anything were still running, or referenced itself, after the end.
    var traces: [Trace] {
        [Trace("the world", self), Trace("its API server", server)]
            + replicas.map { Trace("the controller of operator-\($0.number)", $0.controller) }
    }
}
