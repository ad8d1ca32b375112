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
    /// A list of more pages is given up, and begun again after a pause: some server or proxy turns the same page for ever.
    public var maximumPages = 10_000
    /// The server ends a watch after a time between these two, drawn anew each time.
    ///
    /// So short that a watch whose connection, proxy or server died without a word is found out within half a minute:
    /// nothing else tells it from one on which nothing happens. Going on from a version costs the server next to
    /// nothing, and it sends a bookmark before it ends a watch.
    public var watchTimeout: ClosedRange<Duration> = .seconds(20)...(.seconds(25))
    /// How much longer than that a watch may stay open before it counts as dead.
    public var watchMargin = Duration.seconds(5)
    /// How long a streamed state may take.
    public var streamTimeout = Duration.seconds(300)
    /// After which time without event a streamed state counts as never ending.
    public var streamQuietLimit = Duration.seconds(60)
    /// A watch that ended sooner than this and brought nothing is a fault.
    public var shortWatch = Duration.seconds(1)
    /// A watch that was open for this long worked, even when it brought nothing.
    public var soundWatch = Duration.seconds(15)
    /// The longest time between two looks for a resource type that is not served.
    public var probeInterval = Duration.seconds(30)
    public var backoff = Backoff.reflector

    public init() {}
}
