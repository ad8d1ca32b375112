import KubeClient

/// Runs services together and stops them together.
///
/// All services run until the shutdown is requested, or until the first one fails or returns. Then the others are asked
/// to stop, and awaited. They stop in no particular order; nest groups if one service must stop after another.
public struct ServiceGroup: Sendable {
    private enum Event: Sendable {
        case ended(Int, (any Error)?)
        case shutdown
        case graceOver
    }

    private let services: [Service]
    private let gracePeriod: Duration
    private let time: any TimeSource
    private let logger: Logger

    /// - Parameter gracePeriod: how long services may take to stop.
    public init(
        _ services: [Service], gracePeriod: Duration = .seconds(30), time: any TimeSource, logger: Logger
    ) {
        self.services = services
        self.gracePeriod = gracePeriod
        self.time = time
        self.logger = logger.named("services")
    }

    /// Runs all services until `shutdown` returns, the task is cancelled, or one of them ends.
    ///
    /// Returns after a graceful shutdown; otherwise throws the first failure, or ``ServiceError/stuck(_:)``.
    public func run(until shutdown: @escaping @Sendable () async -> Void) async throws(ServiceError) {
        guard !services.isEmpty else { return await shutdown() }
        let (events, report) = AsyncStream.makeStream(of: Event.self)
        let tasks = services.enumerated().map { index, service in
            Task {
                do {
                    try await service.run()
                    report.yield(.ended(index, nil))
                } catch {
                    report.yield(.ended(index, error))
                }
            }
        }
        let trigger = Task {
            await shutdown()
            report.yield(.shutdown)
        }
        // Use a separate task: in a canceled task, the stream would end before the services do.
        let supervision = Task { await supervise(events, tasks) { report.yield(.graceOver) } }
        let failure = await withTaskCancellationHandler {
            await supervision.value
        } onCancel: {
            report.yield(.shutdown)
        }
        trigger.cancel()
        if let failure { throw failure }
    }

    /// Waits until all services have ended or the grace period is over; returns the first failure.
    private func supervise(
        _ events: AsyncStream<Event>, _ tasks: [Task<Void, Never>], _ endGrace: @escaping @Sendable () -> Void
    ) async -> ServiceError? {
        var running = Set(services.indices)
        var failure: ServiceError?
        var alarm: TimerToken?
        for await event in events {
            if case .graceOver = event {
                return .stuck(running.sorted().map { services[$0].name })
            }
            if case .ended(let index, let error) = event {
                running.remove(index)
                if alarm == nil { failure = ended(services[index], error) }
                if running.isEmpty { break }
            }
            if alarm == nil {
                logger.info("Shutting down")
                for (service, task) in zip(services, tasks) { service.stop?() ?? task.cancel() }
                alarm = time.schedule(after: gracePeriod, endGrace)
            }
        }
        if let alarm { time.cancel(alarm) }
        return failure
    }

    private func ended(_ service: Service, _ error: (any Error)?) -> ServiceError {
        error.map { .failed(service.name, $0) } ?? .ended(service.name)
    }
}

/// A task that runs as long as the process.
public struct Service: Sendable {
    /// The name in messages.
    public let name: String
    /// Asks the service to stop gracefully; nil if cancelling its task is enough.
    let stop: (@Sendable () -> Void)?
    /// Runs until it is asked to stop; throwing, or returning earlier, stops the whole group.
    public let run: @Sendable () async throws -> Void

    /// - Parameter stop: asks the service to stop; without it the service's task is canceled.
    public init(
        _ name: String, stop: (@Sendable () -> Void)? = nil, _ run: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.stop = stop
        self.run = run
    }
}

/// Why a ``ServiceGroup`` did not shut down gracefully.
public enum ServiceError: Error, Sendable, CustomStringConvertible {
    /// The service failed.
    case failed(String, any Error)
    /// The service returned without being stopped.
    case ended(String)
    /// These services had not stopped at the end of the grace period. They are still running: the process should exit.
    case stuck([String])

    public var description: String {
        switch self {
        case .failed(let name, let error): "\(name) failed: \(error)"
        case .ended(let name): "\(name) ended unexpectedly"
        case .stuck(let names): "still running after the grace period: \(names.joined(separator: ", "))"
        }
    }
}
