/// The times and sizes by which a ``Reflector`` works.
public struct ReflectorSettings: Sendable, Hashable {
    /// How the whole state is read at first and after a gap.
    public enum Synchronization: Sendable, Hashable {
        /// In pages; what a page brought is stored before the next one is asked for.
        case pages
        /// As the first events of the watch; in pages where the server cannot do that.
        case streaming
    }

    public var synchronization = Synchronization.pages
    /// The most objects asked for at once.
    public var pageSize = 500
    /// The server ends a watch after a time between these two, drawn anew each time.
    public var watchTimeout: ClosedRange<Duration> = .seconds(300)...(.seconds(600))
    /// How much longer than that a watch may stay open before it counts as dead.
    public var watchMargin = Duration.seconds(30)
    /// After which time without event and without bookmark a watch is opened anew. Servers send a bookmark a minute.
    public var quietLimit = Duration.seconds(180)
    /// After which time without event a streamed state counts as never ending.
    public var streamQuietLimit = Duration.seconds(60)
    /// A watch that ended sooner than this and brought nothing is a fault.
    public var shortWatch = Duration.seconds(1)
    /// A watch that was open for this long worked, even when it brought nothing.
    public var soundWatch = Duration.seconds(60)
    /// The longest time between two looks for a resource type that is not served.
    public var probeInterval = Duration.seconds(30)
    public var backoff = Backoff.reflector

    public init() {}
}
