import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

/// The trouble of one namespace's creates is not the trouble of another's.
@Suite(.timeLimit(.minutes(2))) struct FairCreatesTests {
    @Test(arguments: EngineName.allCases)
    func `executions are created promptly beside a namespace whose webhook hangs`(_ engine: EngineName) async {
        let bench = ClusterBench { server, now in
            server.trouble(.create, in: "stuck", .heldUp(.seconds(10), ClusterServer.webhookIsDown))
            for number in 0..<30 { server.add("stuck-\(number)", in: "stuck", engine: engine, at: now) }
        }
        await bench.pass(.seconds(25))
        var latencies: [Duration] = []
        for number in 0..<5 {
            let name = "healthy-\(number)"
            bench.server.add(
                name, in: "healthy", engine: engine, at: bench.clock.now(),
                spec: ["executionConfig": ["startDeadlineSeconds": 60]])
            let start = bench.time.now
            await bench.pass(.seconds(300)) { bench.server.verdict(name, in: "healthy") != "-/-" }
            #expect(
                bench.server.verdict(name, in: "healthy").hasPrefix("Running"),
                "\(bench.server.verdict(name, in: "healthy"))")
            latencies.append(start.duration(to: bench.time.now))
        }
        #expect(latencies.allSatisfy { $0 <= .seconds(1) }, "\(latencies)")
        await bench.end()
    }

    @Test func `executions that come together are created promptly too`() async {
        let bench = ClusterBench { server, now in
            server.trouble(.create, in: "stuck", .heldUp(.seconds(10), ClusterServer.webhookIsDown))
            for number in 0..<30 { server.add("stuck-\(number)", in: "stuck", at: now) }
            for number in 0..<5 {
                server.add(
                    "healthy-\(number)", in: "healthy", at: now,
                    spec: ["executionConfig": ["startDeadlineSeconds": 60]])
            }
        }
        let names = (0..<5).map { "healthy-\($0)" }
        let start = bench.time.now
        var latencies: [String: Duration] = [:]
        await bench.pass(.seconds(400)) {
            for name in names where latencies[name] == nil && bench.server.verdict(name, in: "healthy") != "-/-" {
                latencies[name] = start.duration(to: bench.time.now)
            }
            return latencies.count == 5
        }
        #expect(latencies.values.allSatisfy { $0 <= .seconds(3) }, "\(latencies)")
        for name in names { #expect(bench.server.verdict(name, in: "healthy").hasPrefix("Running")) }
        await bench.end()
    }
}
