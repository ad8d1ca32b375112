/// Something that runs for as long as the process does.
public struct Service: Sendable {
    /// What messages call it.
    public let name: String
    /// Asks it to end in good order; nil for what ends well when its task is cancelled.
    let stop: (@Sendable () -> Void)?
    /// Runs until it is asked to end; throwing, or returning earlier, ends the whole group.
    public let run: @Sendable () async throws -> Void

    /// - Parameter stop: asks the service to end; without it the service's task is cancelled.
    public init(
        _ name: String, stop: (@Sendable () -> Void)? = nil, _ run: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.stop = stop
        self.run = run
    }
}

/// Why a ``ServiceGroup`` did not end well.
public enum ServiceError: Error, Sendable, CustomStringConvertible {
    /// The service failed while it should have run.
    case failed(String, any Error)
    /// The service returned while it should have run.
    case ended(String)
    /// These services had not ended when the grace period was over. They still run: the process should exit.
    case stuck([String])

    public var description: String {
        switch self {
        case .failed(let name, let error): "\(name) failed: \(error)"
        case .ended(let name): "\(name) ended although it should have gone on"
        case .stuck(let names): "not ended within the grace period: \(names.joined(separator: ", "))"
        }
    }
}
