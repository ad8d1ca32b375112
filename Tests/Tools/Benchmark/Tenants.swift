import Foundation
import Glibc
import KubeClient

/// Two tenants of one cluster: an attacker, and one who just runs executions.
final class Tenants: Sendable {
    private static let attacker = "attacker"
    private static let victim = "victim"
    private static let namespaces = ResourceType(group: "", version: "v1", plural: "namespaces", kind: "Namespace")
    private static let pipelineRun = ResourceType(
        group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")
    private static let taskRun = ResourceType(group: "tekton.dev", version: "v1", plural: "taskruns", kind: "TaskRun")
    private static let lanes = 8

    private let client: KubeClient
    private let created = Locked(0)

    init(_ client: KubeClient) {
        self.client = client
    }

    func createNamespaces() async throws {
        for name in [Self.attacker, Self.victim] {
            try await create(
                Self.namespaces, nil, ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
        }
    }

    // MARK: The victim

    /// Creates executions one by one and measures how long each takes to run, and how long its requests take alone.
    func latencies(count: Int) async throws -> VictimLatencies {
        var executions: [Double] = []
        var requests: [Double] = []
        for _ in 0..<count {
            let name = "honest-\(next())"
            let start = ContinuousClock.now
            try await createExecution(name, in: Self.victim, parameters: ["A": "b"])
            try await waiting("\(name) to run") {
                try await self.read(name).contains(#""phase":"Running""#)
            }
            executions.append((ContinuousClock.now - start).inSeconds)
            requests.append(try await sendRequests())
            try await client.delete(SoakUsers.execution, ObjectKey(namespace: Self.victim, name: name))
            try await Task.sleep(for: .milliseconds(200))
        }
        return VictimLatencies(executions: Latencies(executions), requests: Latencies(requests))
    }

    /// Sends what an execution needs until it is running: two creates, a status and a read. Returns the seconds.
    private func sendRequests() async throws -> Double {
        let key = ObjectKey(namespace: Self.victim, name: "alone-\(next())")
        let object: JSONValue = [
            "apiVersion": .string(StoredRuns.workflow.apiVersion), "kind": .string(StoredRuns.workflow.kind),
            "metadata": ["name": .string(key.name)], "spec": [:],
        ]
        var other = object
        other[path: ["metadata", "name"]] = .string("\(key.name)-b")
        let patch: JSONValue = ["metadata": ["annotations": ["example.com/phase": "Running"]]]
        let start = ContinuousClock.now
        try await create(StoredRuns.workflow, Self.victim, object)
        try await create(StoredRuns.workflow, Self.victim, other)
        _ = try await client.patch(StoredRuns.workflow, key, .merge(patch.encoded)) { (cursor) throws(JSONError) in
            try cursor.skipValue()
        }
        _ = try await client.get(StoredRuns.workflow, key) { (cursor) throws(JSONError) in try cursor.skipValue() }
        let seconds = (ContinuousClock.now - start).inSeconds
        for name in [key.name, "\(key.name)-b"] {
            try await client.delete(StoredRuns.workflow, ObjectKey(namespace: Self.victim, name: name))
        }
        return seconds
    }

    private func read(_ name: String) async throws -> String {
        let key = ObjectKey(namespace: Self.victim, name: name)
        let object = try await client.get(SoakUsers.execution, key) { (cursor) throws(JSONError) in
            try cursor.readRaw()
        }
        return String(decoding: object, as: UTF8.self)
    }

    // MARK: The attacker

    func attack(_ scenario: Attack.Scenario, metricsPort: UInt16, scale: Double) async throws {
        func count(_ full: Int) -> Int { max(1, Int(Double(full) * scale)) }
        switch scenario {
        case .largeExecutions: try await createLargeExecutions(count(130), patches: count(100))
        case .restart: break
        case .labeledRuns: try await createLabeledRuns(count(1500))
        case .largeChildren: try await createLargeChildren(runs: 3, each: count(44))
        case .forgedStatuses: try await forgeStatuses(runs: count(6))
        case .largeAnnotations: try await createLargeAnnotations(count(275))
        case .openConnections: try await openConnections(count(4200), to: metricsPort)
        }
    }

    private func createLargeExecutions(_ count: Int, patches: Int) async throws {
        // 63 values of just over two KiB, in characters of two bytes: almost the 128 KiB that are accepted.
        var parameters: JSONObject = [:]
        for number in 0..<63 { parameters["P\(number)"] = .string(String(repeating: "ä", count: 1036)) }
        let all = parameters
        try await inLanes(count) { number in
            try await self.createExecution("large-\(number)", in: Self.attacker, parameters: all)
        }
        for round in 0..<patches {
            try await inLanes(min(8, count)) { number in
                let patch: JSONValue = ["metadata": ["annotations": ["example.com/round": .string("\(round)")]]]
                _ = try await self.client.patch(
                    SoakUsers.execution, ObjectKey(namespace: Self.attacker, name: "large-\(number)"),
                    .merge(patch.encoded)
                ) { (cursor) throws(JSONError) in try cursor.skipValue() }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func createLabeledRuns(_ count: Int) async throws {
        let uid = try await createExecution("bait-\(next())", in: Self.attacker, parameters: ["A": "b"])
        try await inLanes(count) { number in
            let name = "labeled-\(number)"
            try await self.create(StoredRuns.workflow, Self.attacker, Self.run(StoredRuns.workflow, name, label: uid))
            try await self.client.delete(StoredRuns.workflow, ObjectKey(namespace: Self.attacker, name: name))
        }
    }

    /// Writes what Tekton would: the runs of executions fail, with children of the largest size.
    private func createLargeChildren(runs: Int, each: Int) async throws {
        let filler = String(repeating: "x", count: 1_400_000)
        for _ in 0..<runs {
            let (run, uid) = try await startedRun("parent-\(next())", Self.pipelineRun, engine: "tekton")
            try await inLanes(each) { number in
                var child = Self.run(Self.taskRun, "\(run)-\(number)", label: uid)
                child[path: ["metadata", "labels", "tekton.dev/pipelineRun"]] = .string(run)
                child[path: ["metadata", "annotations"]] = ["example.com/filler": .string(filler.prefix(200_000) + "")]
                child["status"] = ["steps": [["name": "run", "terminated": ["message": .string(filler)]]]]
                try await self.create(Self.taskRun, Self.attacker, child)
            }
            let status: JSONValue = [
                "conditions": [["type": "Succeeded", "status": "False", "reason": "Failed", "message": "failed"]],
                "childReferences": [["kind": "TaskRun", "name": .string("\(run)-0"), "pipelineTaskName": "a"]],
            ]
            try await writeStatus(
                Self.pipelineRun, run, subresource: "status", String(decoding: status.encoded, as: UTF8.self))
        }
    }

    /// Writes statuses that no engine writes, of runs and of a child.
    private func forgeStatuses(runs: Int) async throws {
        let empty = (0..<20_000).map { "\"\(String($0, radix: 36))\":{}" }.joined(separator: ",")
        let unknown = Array(repeating: "\"\"", count: 60_000).joined(separator: ",")
        let failed = (0..<2_000).map { number in
            #""p\#(number)":{"type":"Pod","phase":"Failed","boundaryID":"r","message":"failed"}"#
        }
        let cycle =
            #""r":{"type":"Retry","phase":"Failed","children":["r",\#(unknown)]},"# + failed.joined(separator: ",")
        let message = String(repeating: "x", count: 1_400_000)
        let long = #""m":{"type":"Pod","phase":"Failed","message":"\#(message)"}"#
        for round in 0..<runs {
            for nodes in [empty, cycle, long] {
                let run = try await startedRun("forged-\(next())", StoredRuns.workflow, engine: "argo")
                let status = #"{"phase":"\#(round % 2 == 0 ? "Failed" : "Running")","nodes":{\#(nodes)}}"#
                try await writeStatus(StoredRuns.workflow, run.name, subresource: nil, status)
            }
            let parent = try await startedRun("forged-\(next())", Self.pipelineRun, engine: "tekton")
            var child = Self.run(Self.taskRun, "\(parent.name)-a", label: parent.executionUID)
            child[path: ["metadata", "labels", "tekton.dev/pipelineRun"]] = .string(parent.name)
            try await create(Self.taskRun, Self.attacker, child)
            let steps = Array(repeating: "{}", count: 100_000).joined(separator: ",")
            try await writeStatus(
                Self.taskRun, "\(parent.name)-a", subresource: "status", #"{"steps":[\#(steps)]}"#)
            let condition = #"{"type":"Succeeded","status":"False","reason":"Failed","message":"failed"}"#
            let reference = #"{"kind":"TaskRun","name":"\#(parent.name)-a","pipelineTaskName":"a"}"#
            try await writeStatus(
                Self.pipelineRun, parent.name, subresource: "status",
                #"{"conditions":[\#(condition)],"childReferences":[\#(reference)]}"#)
        }
    }

    /// Creates an execution and waits for its run.
    private func startedRun(
        _ name: String, _ type: ResourceType, engine: String
    ) async throws -> (name: String, executionUID: String) {
        let uid = try await createExecution(name, in: Self.attacker, engine: engine, parameters: ["A": "b"])
        let run = "\(name)-\(uid.filter { $0 != "-" }.prefix(10))"
        try await waiting("the run \(run)") { try await self.exists(type, run) }
        return (run, uid)
    }

    /// Replaces the status of an object.
    private func writeStatus(_ type: ResourceType, _ name: String, subresource: String?, _ status: String) async throws
    {
        let patch = #"[{"op":"add","path":"/status","value":\#(status)}]"#
        _ = try await client.patch(
            type, ObjectKey(namespace: Self.attacker, name: name), subresource: subresource, .json(Array(patch.utf8))
        ) { (cursor) throws(JSONError) in try cursor.skipValue() }
    }

    private func createLargeAnnotations(_ count: Int) async throws {
        let filler = String(repeating: "x", count: 250_000)
        // Enough unfinished runs for the operator to verify them by lists.
        try await inLanes(60) { number in
            try await self.createExecution("many-\(self.next())-\(number)", in: Self.attacker, parameters: ["A": "b"])
        }
        try await inLanes(count) { number in
            var run = Self.run(StoredRuns.workflow, "annotated-\(number)", label: "none")
            run[path: ["metadata", "annotations"]] = ["example.com/filler": .string(filler)]
            try await self.create(StoredRuns.workflow, Self.attacker, run)
        }
    }

    /// Opens connections and sends the beginning of a request on each.
    private func openConnections(_ count: Int, to port: UInt16) async throws {
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        let begin = Array("GET /metrics HTTP/1.1\r\nX-Filler: \(String(repeating: "x", count: 12_000))".utf8)
        for _ in 0..<count {
            let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard file >= 0 else { break }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let isConnected = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            sockets.append(file)
            if isConnected {
                _ = begin.withUnsafeBytes { send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
        }
        try await Task.sleep(for: .seconds(12))
    }

    // MARK: Objects

    private static func run(_ type: ResourceType, _ name: String, label: String) -> JSONValue {
        [
            "apiVersion": .string(type.apiVersion), "kind": .string(type.kind),
            "metadata": ["name": .string(name), "labels": ["towline.dev/execution-uid": .string(label)]],
            "spec": [:],
        ]
    }

    @discardableResult
    private func createExecution(
        _ name: String, in namespace: String, engine: String = "tekton", parameters: JSONObject
    ) async throws -> String {
        try await create(
            SoakUsers.execution, namespace,
            [
                "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
                "metadata": ["name": .string(name)],
                "spec": [
                    "workflowRef": ["workflowId": "some-workflow", "engine": .string(engine)],
                    "parameters": .object(parameters),
                ],
            ])
    }

    private func exists(_ type: ResourceType, _ name: String) async throws -> Bool {
        do {
            _ = try await client.get(type, ObjectKey(namespace: Self.attacker, name: name)) {
                (cursor) throws(JSONError) in try cursor.skipValue()
            }
            return true
        } catch {
            guard error.code == 404 else { throw error }
            return false
        }
    }

    /// Creates an object; returns its UID.
    @discardableResult
    private func create(_ type: ResourceType, _ namespace: String?, _ object: JSONValue) async throws -> String {
        try await client.create(type, namespace: namespace, body: object.encoded) { (cursor) throws(JSONError) in
            try cursor.readValue()[path: ["metadata", "uid"]]?.stringValue ?? ""
        }
    }

    private func next() -> Int {
        created.withLock { created in
            created += 1
            return created
        }
    }

    private func inLanes(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<Self.lanes {
                group.addTask {
                    for number in stride(from: lane, to: count, by: Self.lanes) { try await body(number) }
                }
            }
            try await group.waitForAll()
        }
    }
}
