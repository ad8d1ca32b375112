import Faults
import Foundation
import KubeClient
import TestSupport

/// The two operators of one namespace, each behind its own network link, and the injection of faults.
final class SoakOperators: Sendable {
    private struct Member {
        var program: MeasuredProcess
        let kubeconfig: URL
        let log: URL
    }

    let namespace: String
    private let binary: URL
    private let links: [NetworkLink]
    private let members: Locked<[Member]>
    private let ended = Locked(0)

    init(_ namespace: String, binary: URL, kubeconfig: URL, directory: URL) throws {
        let configuration = try ClusterConfiguration.load(explicitPath: kubeconfig.path, context: nil, environment: [:])
        let links = try (0..<2).map { _ in try NetworkLink(to: configuration.server) }
        let members = try links.enumerated().map { index, link in
            let path = try link.kubeconfig(like: kubeconfig, in: directory)
            let log = directory.appending(path: "\(namespace)-\(index + 1).log")
            let program = try Self.start(binary, namespace, kubeconfig: path, log: log)
            return Member(program: program, kubeconfig: path, log: log)
        }
        self.members = Locked(members)
        (self.namespace, self.binary, self.links) = (namespace, binary, links)
    }

    private static func start(_ binary: URL, _ namespace: String, kubeconfig: URL, log: URL) throws -> MeasuredProcess {
        var arguments = [
            "operator", "--kubeconfig", kubeconfig.path, "--namespace", namespace, "--log-level", "warn",
            "--metrics-bind-address", "0", "--health-probe-bind-address", "0", "--leader-elect",
            "--leader-elect-resource-name", namespace, "--leader-elect-resource-namespace", namespace,
        ]
        // A short lease if it is supposed to expire, otherwise the default.
        if namespace == Soak.rough {
            arguments += [
                "--leader-elect-lease-duration", "3s", "--leader-elect-renew-deadline", "2s",
                "--leader-elect-retry-period", "400ms",
            ]
        }
        return try MeasuredProcess(binary, arguments, log: log)
    }

    /// How often an ended operator was restarted.
    var restarts: Int { ended.withLock { $0 } }

    /// Starts to measure the operators.
    func leakChecks() -> [LeakCheck] {
        members.withLock { $0.map(\.program) }.enumerated().map { index, program in
            LeakCheck("operator \(namespace) \(index + 1)", program, memoryGrowth: 12)
        }
    }

    func end() {
        for program in members.withLock({ $0.map(\.program) }) { program.kill() }
        for link in links { link.close() }
    }

    /// Injects one fault after another until `end` and then waits until everything works again.
    func injectFaults(_ faults: [Fault], until end: ContinuousClock.Instant, _ random: SplitMix) async throws {
        var random = random
        while ContinuousClock.now < end {
            try await Task.sleep(for: random.milliseconds(500...4000))
            guard let fault = faults.randomElement(using: &random) else { return }
            let victim = Int.random(in: links.indices, using: &random)
            try await inject(fault, into: victim, &random)
            try restartEnded()
        }
        // Operators that were disconnected for too long end a moment later.
        let rest = ContinuousClock.now + .seconds(8)
        while ContinuousClock.now < rest {
            try await Task.sleep(for: .milliseconds(200))
            try restartEnded()
        }
    }

    private func inject(_ fault: Fault, into victim: Int, _ random: inout SplitMix) async throws {
        let program = members.withLock { $0[victim].program }
        switch fault {
        case .lostConnections: links[victim].cut()
        case .shortSilence: try await interrupt(victim, .silent, for: random.milliseconds(50...3000))
        case .shortRefusal:
            links[victim].cut()
            try await interrupt(victim, .refusing, for: random.milliseconds(50...3000))
        case .kill: program.kill()
        case .pause:
            program.send(SIGSTOP)
            try await Task.sleep(for: random.milliseconds(50...6000))
            program.send(SIGCONT)
        case .longSilence: try await interrupt(victim, .silent, for: random.milliseconds(2000...8000))
        case .terminate: program.send(SIGTERM)
        }
    }

    private func interrupt(_ victim: Int, _ condition: NetworkLink.Condition, for duration: Duration) async throws {
        links[victim].set(condition)
        try await Task.sleep(for: duration)
        links[victim].set(.healthy)
    }

    /// Restarts operators that have ended.
    private func restartEnded() throws {
        try members.withLock { members in
            for index in members.indices where !members[index].program.isRunning {
                ended.withLock { $0 += 1 }
                members[index].program = try Self.start(
                    binary, namespace, kubeconfig: members[index].kubeconfig, log: members[index].log)
            }
        }
    }
}

/// A fault of an operator or its connection.
enum Fault: CaseIterable {
    case lostConnections, shortSilence, shortRefusal
    case kill, pause, longSilence, terminate

    /// The faults that an operator with the default lease survives without losing it.
    static let tolerable: [Fault] = [.lostConnections, .shortSilence, .shortRefusal]
}
