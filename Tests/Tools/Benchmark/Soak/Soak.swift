import Faults
import Foundation
import KubeClient
import TestSupport

/// Mixed load on the release binary over the sandbox, for minutes, while things go wrong.
///
/// `towline-bench soak --binary bin/towline --sandbox bin/towline-sandbox [--seconds 600] [--seed N]`
///
/// The namespace `rough` has two operators that are killed, stopped and cut off until they lose their lease. The two of
/// the namespace `steady` have lost connections and short silences only, which they must live through: what they hold
/// is measured at the beginning and at the end, both times when everything has come to rest.
struct Soak {
    static let rough = "rough"
    static let namespaces = [rough, "steady"]

    /// MiB by which the sandbox may grow: the history that its watches read from fills up during the first minutes. It is
    /// bounded by 32 MiB for each resource, and six of them change all the time.
    private static let sandboxGrowth = 384.0

    let binary: URL
    let sandboxBinary: URL
    let directory: URL
    let seconds: Int
    let seed: UInt64

    /// Returns false when something was lost, doubled or leaked.
    func run() async throws -> Bool {
        print("soak for \(seconds) s, seed \(seed)")
        let log = directory.appending(path: "sandbox.log")
        let sandbox = try Program(
            sandboxBinary, ["serve", "--port", "0", "--kubeconfig-out", kubeconfig.path], log: log)
        defer { sandbox.kill() }
        try await waiting("the sandbox") {
            guard sandbox.isRunning else { throw TimedOut(description: try String(contentsOf: log, encoding: .utf8)) }
            return FileManager.default.fileExists(atPath: kubeconfig.path)
        }
        let world = try SoakWorld(kubeconfig: kubeconfig)
        try await waiting("the API") { await world.isReady() }
        try await world.prepare()
        let crews = try Self.namespaces.map {
            try SoakCrew($0, binary: binary, kubeconfig: kubeconfig, directory: directory)
        }
        defer { for crew in crews { crew.end() } }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await world.recorder.run() }
            defer { group.cancelAll() }
            return try await loadAndMeasure(sandbox, crews, world)
        }
    }

    private func loadAndMeasure(_ sandbox: Program, _ crews: [SoakCrew], _ world: SoakWorld) async throws -> Bool {
        // Caches, arenas and pools find their size first.
        let warmUp = max(10, seconds / 10)
        try await load(for: warmUp, crews, world, salt: 1)
        let measured = [Measured("sandbox", sandbox, memoryGrowth: Self.sandboxGrowth)] + crews[1].measured()
        try await load(for: seconds - warmUp, crews, world, salt: 2)
        print("process               resident memory, MiB      open files         threads")
        for one in measured { print(one.line) }
        let complaints = world.complaints + measured.flatMap(\.complaints)
        print("\(world.count) executions; operators of \(crews[0].namespace) ended \(crews[0].deaths) times")
        for complaint in complaints.prefix(50) { print("FAILED: \(complaint)") }
        return complaints.isEmpty
    }

    /// Users and faults for some time, then rest.
    private func load(for seconds: Int, _ crews: [SoakCrew], _ world: SoakWorld, salt: UInt64) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, crew) in crews.enumerated() {
                let lane = (seed &* 1000 &+ salt) &* 1000 &+ UInt64(index) &* 100
                let troubles = index == 0 ? Trouble.allCases : Trouble.bearable
                group.addTask { try await crew.suffer(troubles, until: end, SplitMix(seed: lane)) }
                for user in 1...8 {
                    let random = SplitMix(seed: lane &+ UInt64(user))
                    group.addTask { try await world.use(crew.namespace, until: end, random) }
                }
            }
            try await group.waitForAll()
        }
        try await waiting("an empty cluster") { try await world.isEmpty() }
        // Idle connections are closed, and memory is given back, some seconds after the last use.
        try await Task.sleep(for: .seconds(20))
    }

    private var kubeconfig: URL { directory.appending(path: "kubeconfig") }
}
