import KubeClient

/// Runs services together and ends them together.
///
/// Expected flow: all run until the shutdown is asked for, or until the first one fails or returns; then the others are
/// asked to end and awaited. Services end in no particular order; nest groups where one has to outlive another.
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

    /// - Parameter gracePeriod: how long services that were asked to end may take.
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
    /// Returns after an orderly shutdown; otherwise throws the first failure, or that services did not end in time.
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
        // In a task of its own: in a cancelled one the stream would end before the services have.
        let supervision = Task { await supervise(events, tasks) { report.yield(.graceOver) } }
        let failure = await withTaskCancellationHandler {
            await supervision.value
        } onCancel: {
            report.yield(.shutdown)
        }
        trigger.cancel()
        if let failure { throw failure }
    }

    /// Waits until all services ended or the grace period is over; returns what went wrong first.
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
