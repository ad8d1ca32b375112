/// The body of a stream as its reader sees it; letting go of it ends the exchange.
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
