import Foundation
import KubeClient
import KubeRuntime
import TestSupport

/// A workspace whose operator's requests pass a faulty proxy.
struct TroubledWorkspace: Sendable {
    let workspace: Workspace
    let proxy: InterceptingProxy
    let process: ChildProcess

    static func make(_ name: String) async throws -> TroubledWorkspace {
        let workspace = try await Workspace.make(name)
        let proxy = try InterceptingProxy(upstream: workspace.operatorTransport())
        try await workspace.create(Templates.all)
        let process = try workspace.startOperator(
            kubeconfig: try proxy.kubeconfig(in: workspace.cluster.directory))
        return TroubledWorkspace(workspace: workspace, proxy: proxy, process: process)
    }

    private var namespace: String { workspace.namespace }

    /// How many times the operator tried to create runs of an engine.
    func creates(_ engine: TestEngine) -> Int {
        proxy.writes.count { $0.hasPrefix("POST") && $0.hasSuffix("/\(engine.runType.plural)") }
    }

    func end() async throws {
        try await process.stop()
        await proxy.shutdown()
    }

    /// Adds an obstacle for every run: the real one on a real API server, otherwise a recorded answer.
    func raise(_ obstacle: Obstacle) async throws {
        let objects = obstacle.objects(in: namespace)
        guard workspace.cluster.kind == .controlPlane, !objects.isEmpty else { return play(obstacle) }
        for object in objects {
            let type = Types.type(of: object)
            try await workspace.access.create(type, type.plural == "resourcequotas" ? namespace : nil, object)
        }
        if obstacle == .quota { try await admit("0") }
        for engine in TestEngine.allCases {
            try await checkAnswer(obstacle, engine, in: namespace)
        }
    }

    /// Removes the obstacle.
    func remove(_ obstacle: Obstacle) async throws {
        proxy.intervene { _ in .forward }
        guard workspace.cluster.kind == .controlPlane else { return }
        if obstacle == .quota { return try await admit("10") }
        for object in obstacle.objects(in: namespace) {
            try await workspace.access.delete(Types.type(of: object), "", object.name ?? "")
        }
    }

    private func play(_ obstacle: Obstacle) {
        let namespace = namespace
        proxy.intervene { write in
            guard let engine = write.createdRun, let run = try? JSONValue(parsing: write.body),
                let answer = try? RecordedAnswer(
                    obstacle.rawValue, run: run.name ?? "", of: engine.runType, in: namespace)
            else { return .forward }
            return .refuse(answer.response)
        }
    }

    /// Sets how many runs the quota allows, and its status, since no controller computes that here.
    private func admit(_ count: JSONValue) async throws {
        let quota = ResourceType(group: "", version: "v1", plural: "resourcequotas", kind: "ResourceQuota")
        let room = Obstacle.room(count)
        try await workspace.access.merge(quota, namespace, "runs", ["spec": ["hard": room]])
        try await workspace.access.merge(
            quota, namespace, "runs", ["status": ["hard": room, "used": Obstacle.room("0")]], subresource: "status")
    }

    /// Waits until the API server gives the recorded answer to a create.
    func checkAnswer(_ obstacle: Obstacle, _ engine: TestEngine, in namespace: String) async throws {
        let type = engine.runType
        let expected = try RecordedAnswer(obstacle.rawValue, run: "probe", of: type, in: namespace).status
        var request = HTTPRequest(
            .post, "/apis/\(type.apiVersion)/namespaces/\(namespace)/\(type.plural)?dryRun=All")
        request.contentType = "application/json"
        let probe: JSONValue = [
            "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "metadata": ["name": "probe"],
            "spec": engine == .tekton ? ["pipelineRef": ["name": "works"]] : ["workflowTemplateRef": ["name": "works"]],
        ]
        request.body = probe.encoded
        let last = Locked("")
        do {
            try await poll("the recorded answer") {
                let answer = try await workspace.access.transport.send(request)
                last.withLock { $0 = String(decoding: answer.body, as: UTF8.self) }
                return try JSONValue(parsing: last.withLock { $0 }) == expected
            }
        } catch {
            throw DeadlineExceeded(description: "\(error); last answer: \(last.withLock { $0 })")
        }
    }
}

/// A real API server's answer to the create of a run, from `Answers/`.
struct RecordedAnswer: Sendable {
    let status: JSONValue

    /// The answer to the create of the run with this name.
    init(_ name: String, run: String, of type: ResourceType, in namespace: String) throws {
        let file = Repository.file("Tests/EndToEndTests/Answers/\(name).json")
        var text = try String(contentsOf: file, encoding: .utf8)
        for (placeholder, value) in [
            ("{run}", run), ("{namespace}", namespace), ("{plural}", type.plural), ("{group}", type.group),
        ] { text = text.replacingOccurrences(of: placeholder, with: value) }
        status = try JSONValue(parsing: text)
    }

    /// The answer as an HTTP response.
    var response: HTTPServerResponse { .json(status.encoded, status: Int(status["code"]?.integerValue ?? 500)) }
}
