/// What happens to the operators, or to the API server they work with.
enum Fault: String, CaseIterable, Sendable {
    /// The leader dies of SIGKILL.
    case killed
    /// The leader stops for longer than its lease lasts, then goes on where it was.
    case stopped
    /// Nothing passes between the leader and the API server until another one leads.
    case partitioned
    /// Every connection of both operators is reset.
    case cut
    /// The API server is away until the leader has given up.
    case restarted
}
