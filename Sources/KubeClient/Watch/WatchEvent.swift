/// What a watch reports.
public enum WatchEvent<Object> {
    case added(Object)
    case modified(Object)
    /// The object's last state, with the version of its deletion.
    case deleted(Object)
    /// Everything up to this version was sent; `endsInitialEvents` when that completes the state the watch began with.
    case bookmark(ResourceVersion, endsInitialEvents: Bool)
    /// The server ends the watch and says why; nothing follows.
    case failed(APIStatus)
    /// An object that the decoder refused, or an event of an unknown type; the watch continues.
    case undecodable(UndecodableObject)
    /// An object was deleted whose last state the decoder refused; the watch continues.
    case undecodableDeletion(UndecodableObject)
}

extension WatchEvent: Sendable where Object: Sendable {}
extension WatchEvent: Equatable where Object: Equatable {}
