import Foundation
import KubeClient
import KubeRuntime
import Testing

/// Parameter values are visible only in executions and runs.
@Suite(.serialized) struct SecrecyTests {
    /// Unguessable values, one of them of a kind that servers quote in errors.
    private static let plain = "token-\(UUID().uuidString)"
    private static let quoted = "first \"\(UUID().uuidString)\"\nsecond \\ \(UUID().uuidString)"

    /// The forbidden text: the values as a whole, quoted, and line by line.
    private static let secrets =
        [plain, String(JSONValue.string(quoted).encodedString.dropFirst().dropLast())]
        + quoted.split(separator: "\n").map(String.init)

    private static func execution(_ name: String, _ engine: TestEngine, workflow: String) -> String {
        Templates.execution(
            name, engine: engine.rawValue, workflow: workflow,
            more: """
                parameters:
                  TARGET: \(JSONValue.string(plain).encodedString)
                  NOTE: \(JSONValue.string(quoted).encodedString)
                """)
    }

    /// A server error that quotes the request.
    private static func refusal(_ code: Int, _ reason: String) -> HTTPServerResponse {
        let values = [plain, quoted].map { JSONValue.string($0).encodedString }.joined(separator: ", ")
        let status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": .string(reason),
            "message": .string("Invalid value: \(values): refused"), "code": .integer(Int64(code)),
        ]
        return .json(status.encoded, status: code)
    }

    /// The answer to the create of each execution's run, by name, and the expected result.
    private static let refused: [(name: String, code: Int, reason: String)] = [
        ("invalid", 422, "Invalid"), ("denied", 403, "Forbidden"), ("bad", 400, "BadRequest"),
    ]

    @Test(arguments: TestEngine.allCases)
    func `keeps values out of logs, events, and metrics`(_ engine: TestEngine) async throws {
        let workspace = try await Workspace.make("secrecy")
        try await workspace.create(Templates.all)
        let proxy = try InterceptingProxy(upstream: workspace.operatorTransport())
        Self.refuse(proxy)
        let port = try FreePort.find()
        let process = try workspace.startOperator(
            kubeconfig: proxy.kubeconfig(in: workspace.cluster.directory),
            arguments: [
                "--metrics-bind-address", "127.0.0.1:\(port)", "--health-probe-bind-address", "0", "--log-level",
                "debug",
            ])
        try await play(engine, in: workspace)

        let metrics = try await Self.metrics(port)
        #expect(try await process.stop() == 0)
        await proxy.shutdown()
        let events = try await workspace.access.list(Types.event, workspace.namespace)
        #expect(events.count > 8 && metrics.contains("towline_execution_total"))
        for text in ["Could not create the run", "Could not stop the run", "Could not write the status"] {
            #expect(process.errorOutput.contains(text), "the log has something to hide: \(text)")
        }
        let places = [
            "log": process.errorOutput + process.output, "metrics": metrics,
            "events": events.map(\.encodedString).joined(separator: "\n"),
        ]
        for (place, text) in places {
            // In JSON they are escaped again.
            let forms =
                Self.secrets + Self.secrets.map { String(JSONValue.string($0).encodedString.dropFirst().dropLast()) }
            for form in forms { #expect(!text.contains(form), "\(place): \(form)") }
        }
    }

    /// One execution for each outcome and each refusal.
    private func play(_ engine: TestEngine, in workspace: Workspace) async throws {
        let workflows = ["good": "works", "broken": "breaks", "again": "works", "unwritten": "works"]
        for (name, workflow) in workflows {
            try await workspace.create(Self.execution(name, engine, workflow: workflow))
        }
        for (name, _, _) in Self.refused { try await workspace.create(Self.execution(name, engine, workflow: "works")) }
        try await workspace.create(Self.execution("stubborn", engine, workflow: "takes-long"))
        _ = try await workspace.execution("stubborn", until: "executes") { $0.status("reason") == "Executing" }
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "stubborn", ["spec": ["shutdown": "Terminate"]])
        for name in workflows.keys { _ = try await workspace.finished(name) }
        #expect(try await workspace.finished("stubborn").status("outcome") == "Cancelled")
        for name in ["invalid", "bad"] {
            let ended = try await workspace.finished(name)
            #expect(
                ended.status("message")?.contains(Self.plain) == true,
                "users who can read the execution see the whole message")
        }
        _ = try await workspace.execution("denied", until: "is held back") { $0.status("reason") != nil }
    }

    /// Refuses creates permanently or once, the first shutdown, and the first status write of one execution.
    private static func refuse(_ proxy: InterceptingProxy) {
        let once = Locked<Set<String>>(["create", "stop", "status"])
        proxy.intervene { write in
            if write.createdRun != nil, let name = (try? JSONValue(parsing: write.body))?.name {
                for answer in refused where name.hasPrefix("\(answer.name)-") {
                    return .refuse(refusal(answer.code, answer.reason))
                }
                if name.hasPrefix("again-"), once.withLock({ $0.remove("create") }) != nil {
                    return .refuse(refusal(500, "InternalError"))
                }
            }
            guard write.method == .patch else { return .forward }
            if write.path.contains("/stubborn-"), once.withLock({ $0.remove("stop") }) != nil {
                return .refuse(refusal(422, "Invalid"))
            }
            if write.path.hasSuffix("/unwritten/status"), once.withLock({ $0.remove("status") }) != nil {
                return .refuse(refusal(422, "Invalid"))
            }
            return .forward
        }
    }

    private static func metrics(_ port: UInt16) async throws -> String {
        let server = ClusterConfiguration(server: "http://127.0.0.1:\(port)", origin: "test")
        let transport = try CurlTransport(configuration: server, userAgent: "towline-end-to-end")
        let result: Result<HTTPResponse, TransportError>
        do { result = .success(try await transport.send(HTTPRequest(.get, "/metrics"))) } catch {
            result = .failure(error)
        }
        await transport.shutdown()
        return String(decoding: try result.get().body, as: UTF8.self)
    }
}
