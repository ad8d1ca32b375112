/// Why storage refused.
enum StorageError: Error, Hashable, Sendable {
    /// The name is taken.
    case alreadyExists
    case notFound
    /// The object is not the version the write was based on.
    case conflict
    /// Changes after the given revision are no longer known.
    case compacted
    /// The revision lies in the future.
    case notReached(current: Int64)
}
