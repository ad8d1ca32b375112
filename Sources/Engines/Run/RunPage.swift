/// A page about one run in a well-known user interface of its engine.
public struct RunPage: Hashable, Sendable {
    /// The word that people ask for it with: `tekton-dashboard`.
    public let preset: String
    /// What the user interface is called.
    public let title: String
    /// What follows the address of the user interface; `{namespace}`, `{name}` and `{uid}` stand for the run's.
    public let path: String
}
