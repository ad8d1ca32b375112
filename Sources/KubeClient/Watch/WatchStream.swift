/// An open watch: its events, one after the other.
///
/// It has one reader. What is not read is not fetched, so a slow reader slows the server down and costs no memory.
/// Letting go of the stream ends the watch.
public struct WatchStream<Object: Sendable>: Sendable {
    /// The largest event that is read, in bytes: an object has 1.5 MiB at most where etcd stores it.
    static var maximumEventSize: Int { 8 << 20 }

    private let body: any HTTPBody
    private let decoder: ObjectDecoder<Object>
    private var framer: WatchFramer

    init(body: any HTTPBody, decoding decoder: @escaping ObjectDecoder<Object>, bound: Int = Self.maximumEventSize) {
        self.body = body
        self.decoder = decoder
        self.framer = WatchFramer(bound: bound)
    }

    /// Returns the next event; nil when the server ended the watch in the regular way.
    ///
    /// - Throws: `transport` when the connection broke, `undecodable` when what arrives is no watch.
    public mutating func next() async throws(KubeError) -> WatchEvent<Object>? {
        while true {
            if let event = try nextBuffered() { return event }
            guard let bytes = try await nextBytes() else {
                guard framer.isInsideEvent else { return nil }
                throw .transport(TransportError(.connectionLost, "the watch ended inside an event"))
            }
            framer.append(bytes)
        }
    }

    /// Ends the watch.
    public func cancel() {
        body.cancel()
    }

    private mutating func nextBuffered() throws(KubeError) -> WatchEvent<Object>? {
        do {
            switch try framer.next() {
            case .event(let range):
                var cursor = JSONCursor(framer.buffer, range: range)
                return try WatchEvent(&cursor, decoding: decoder)
            case .oversized(let range):
                let error = "a watch event of more than \(framer.bound) bytes"
                return WatchEvent(salvaging: JSONCursor(framer.buffer, range: range), error: error)
            case nil: return nil
            }
        } catch {
            throw .undecodable("watch: \(error)")
        }
    }

    private func nextBytes() async throws(KubeError) -> [UInt8]? {
        do {
            return try await body.next()
        } catch {
            throw .transport(error)
        }
    }
}
