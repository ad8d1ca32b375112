import KubeClient

/// The bytes of a simulated watch in flight to the client.
///
/// Confined to the thread of one simulation.
final class SimulatedBody: HTTPBody, @unchecked Sendable {
    private enum End {
        case open
        case finished
        case failed(TransportError)
    }

    private var bytes: [UInt8] = []
    private var end = End.open
    private var reader: CheckedContinuation<Result<[UInt8]?, TransportError>, Never>?
    var onCancel: () -> Void = {}

    func push(_ more: [UInt8]) {
        guard case .open = end else { return }
        if let reader {
            self.reader = nil
            reader.resume(returning: .success(more))
        } else {
            bytes += more
        }
    }

    func finish() { close(.finished) }

    func fail(_ error: TransportError) { close(.failed(error)) }

    func cancel() {
        onCancel()
        bytes = []
        close(.failed(TransportError(.cancelled, "the watch was cancelled")))
    }

    private func close(_ end: End) {
        guard case .open = self.end else { return }
        self.end = end
        guard let reader else { return }
        self.reader = nil
        reader.resume(returning: rest)
    }

    private var rest: Result<[UInt8]?, TransportError> {
        switch end {
        case .failed(let error): .failure(error)
        case .finished, .open: .success(nil)
        }
    }

    func next() async throws(TransportError) -> [UInt8]? {
        let result: Result<[UInt8]?, TransportError> = await withCheckedContinuation { continuation in
            if !bytes.isEmpty {
                defer { bytes = [] }
                continuation.resume(returning: .success(bytes))
            } else if case .open = end {
                reader = continuation
            } else {
                continuation.resume(returning: rest)
            }
        }
        return try result.get()
    }
}
