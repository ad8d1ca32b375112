/// Something that has to be gone once its simulation is.
struct Trace {
    let name: String
    private(set) weak var object: AnyObject?

    init(_ name: String, _ object: AnyObject?) {
        self.name = name
        self.object = object
    }
}

extension World {
    /// What would stay in memory if anything went on, or referred to itself, after the end.
    var traces: [Trace] {
        [Trace("the world", self), Trace("its API server", server)]
            + replicas.map { Trace("the controller of operator-\($0.number)", $0.controller) }
    }
}
