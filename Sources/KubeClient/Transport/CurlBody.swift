/// The reader's end of a stream's body; releasing it cancels the request.
final class CurlBody: HTTPBody {
    private let id: UInt64
    private let buffer: StreamBuffer
    private let mailbox: CurlMailbox

    init(id: UInt64, buffer: StreamBuffer, mailbox: CurlMailbox) {
        self.id = id
        self.buffer = buffer
        self.mailbox = mailbox
    }

    deinit {
        mailbox.post(.cancel(id))
    }

    func next() async throws(TransportError) -> [UInt8]? {
        let result: Result<[UInt8]?, TransportError> = await withTaskCancellationHandler {
            if Task.isCancelled { cancel() }
            do throws(TransportError) {
                return .success(try await buffer.next { mailbox.post(.resume(id)) })
            } catch {
                return .failure(error)
            }
        } onCancel: {
            cancel()
        }
        return try result.get()
    }

    func cancel() {
        buffer.abandon()
        mailbox.post(.cancel(id))
    }
}

/// Buffers the bytes of a stream between the transport's thread and the reader; at most 80 KiB.
final class StreamBuffer: Sendable {
    /// The number of unread bytes at which no more are accepted.
    static let highWaterMark = 64 << 10

    private typealias Piece = Result<[UInt8]?, TransportError>

    private struct State {
        var bytes: [UInt8] = []
        /// True if bytes were rejected and the sender waits for a resume.
        var isPaused = false
        var end: Result<Void, TransportError>?
        var reader: CheckedContinuation<Piece, Never>?
    }

    private let state = Locked(State())

    /// Appends bytes; false if the buffer is full, and then the sender must offer the same bytes again after a resume.
    func offer(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !bytes.isEmpty else { return true }
        let reader: CheckedContinuation<Piece, Never>?
        let isTaken: Bool
        (isTaken, reader) = state.withLock { state in
            if let reader = state.reader {
                state.reader = nil
                return (true, reader)
            }
            guard state.bytes.count < Self.highWaterMark else {
                state.isPaused = true
                return (false, nil)
            }
            state.bytes.append(contentsOf: bytes)
            return (true, nil)
        }
        reader?.resume(returning: .success(Array(bytes)))
        return isTaken
    }

    /// Ends the stream with a result; later calls have no effect.
    func end(_ result: Result<Void, TransportError>) {
        let (reader, end) = state.withLock { state in
            let end = state.end ?? result
            state.end = end
            defer { state.reader = nil }
            return (state.reader, end)
        }
        reader?.resume(returning: Self.piece(end))
    }

    /// Drops the unread bytes and makes every read fail.
    func abandon() {
        state.withLock { $0.bytes = [] }
        end(.failure(TransportError(.cancelled, "the stream was canceled")))
    }

    /// Returns unread bytes, or waits for some; nil at the end of the stream.
    ///
    /// - Parameter resume: called if the sender was paused and the buffer has room again.
    func next(resume: () -> Void) async throws(TransportError) -> [UInt8]? {
        let result: Piece = await withCheckedContinuation { continuation in
            let (piece, wasPaused): (Piece?, Bool) = state.withLock { state in
                let wasPaused = state.isPaused
                if !state.bytes.isEmpty {
                    state.isPaused = false
                    defer { state.bytes = [] }
                    return (.success(state.bytes), wasPaused)
                }
                if let end = state.end { return (Self.piece(end), false) }
                guard state.reader == nil else {
                    return (.failure(TransportError(.invalidRequest, "a stream has one reader at a time")), false)
                }
                state.reader = continuation
                return (nil, false)
            }
            if wasPaused { resume() }
            if let piece { continuation.resume(returning: piece) }
        }
        return try result.get()
    }

    private static func piece(_ end: Result<Void, TransportError>) -> Piece {
        end.map { nil }
    }
}
