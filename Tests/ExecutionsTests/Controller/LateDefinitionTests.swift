import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

/// Executions wait for their definitions, each for its own, and start soon after it appears.
@Suite(.timeLimit(.minutes(2))) struct LateDefinitionTests {
    private let interval = Duration.seconds(10)

    private func count(_ bench: ClusterBench, _ names: [String], _ verdict: String) -> Int {
        names.count { bench.server.verdict($0, in: "payments").hasPrefix(verdict) }
    }

    @Test(arguments: EngineName.allCases)
    func `starts within a poll interval after the definition appears`(_ engine: EngineName) async {
        let waiting = (0..<50).map { "restart-\($0)" }
        let others = (0..<50).map { "other-\($0)" }
        let bench = ClusterBench { server, now in
            for name in waiting { server.add(name, in: "payments", definition: "restart@1.4.0", at: now) }
            for name in others { server.add(name, in: "payments", definition: "missing@1", at: now) }
        }
        await bench.pass(.seconds(400), step: .milliseconds(500))
        #expect(count(bench, waiting + others, "Pending/DefinitionNotFound") == 100)
        #expect(bench.server.requests(.create).isEmpty)
        bench.server.addDefinition("restart", "1.4.0", in: "payments", engine: engine)
        let passed = await bench.pass(.seconds(60)) { count(bench, waiting, "Running") == 50 }
        #expect(passed.map { $0 <= interval } == true, "\(passed as Any)")
        #expect(count(bench, others, "Pending/DefinitionNotFound") == 50)
        for name in waiting { #expect(bench.server.run(name, in: "payments", engine: engine) != nil) }
        #expect(bench.server.requests(.create).count == 50)
        await bench.end()
    }

    @Test func `reads a definition that exists once`() async {
        let bench = ClusterBench { server, now in
            server.addDefinition("restart", "1.4.0", in: "payments", engine: .argo)
            server.add("restart", in: "payments", definition: "restart@1.4.0", at: now)
        }
        await bench.pass(.seconds(30)) { count(bench, ["restart"], "Running") == 1 }
        #expect(bench.server.requests(.readDefinition).count == 1)
        #expect(bench.server.requests(.writeStatus).count == 2)
        await bench.end()
    }

    @Test func `says which permission is missing`() async {
        let bench = ClusterBench { server, now in
            server.trouble(.readDefinition, .refused(ClusterServer.isForbidden))
            server.add("restart", in: "payments", definition: "restart@1.4.0", at: now)
        }
        await bench.pass(.seconds(30)) { count(bench, ["restart"], "Pending/Forbidden") == 1 }
        let message = bench.server.message("restart", in: "payments")
        #expect(message.contains("Grant the operator the verb get on workflowdefinitions.towline.dev"))
        bench.server.addDefinition("restart", "1.4.0", in: "payments", engine: .tekton)
        bench.server.trouble(.readDefinition, nil)
        #expect(await bench.pass(interval) { count(bench, ["restart"], "Running") == 1 } != nil)
        await bench.end()
    }

    @Test func `says that the kind is not installed`() async {
        let bench = ClusterBench { server, now in
            server.trouble(.readDefinition, .refused(HTTPResponse(status: 404, body: Array("404 page not found".utf8))))
            server.add("restart", in: "payments", definition: "restart@1.4.0", at: now)
        }
        await bench.pass(.seconds(30)) { count(bench, ["restart"], "Pending/DefinitionNotFound") == 1 }
        #expect(bench.server.message("restart", in: "payments").contains("kubectl apply -f crds/"))
        await bench.end()
    }
}
