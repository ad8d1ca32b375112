import Eventually
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Operator

/// What the operator finds out about its own rights, and how it says so.
@Suite struct PermissionCheckTests {
    /// Runs a check until it has said something, and returns what it said.
    private func lines(
        of server: AuthorizingServer, namespaces: [String] = [],
        engines: Set<EngineName> = Set(EngineName.allCases), lease: String? = nil, count: Int = 1,
        time: any TimeSource = SystemTime()
    ) async throws -> [JSONValue] {
        let lines = Locked([JSONValue]())
        let logger = Logger(
            LogSink(level: .info) { bytes in
                let texts = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                let parsed = texts.compactMap { try? JSONValue(parsing: Array($0.utf8)) }
                lines.withLock { $0 += parsed }
            })
        let check = PermissionCheck(
            client: KubeClient(transport: server), namespaces: namespaces, engines: engines,
            lease: lease.map { ObjectKey(namespace: $0, name: "towline") }, time: time, logger: logger)
        let task = Task { await check.run() }
        defer { task.cancel() }
        await eventually("the check says something") { lines.withLock { $0.count } >= count }
        return lines.withLock { $0 }
    }

    private static let verbs = Permission.all.filter { $0.part != .election }.reduce(0) { $0 + $1.verbs.count }

    @Test func `for all namespaces each verb is a request`() async throws {
        let server = AuthorizingServer { _ in true }
        let said = try await lines(of: server)
        #expect(said.compactMap { $0["msg"]?.stringValue } == ["All required permissions are granted"])
        #expect(server.questions.count == Self.verbs)
        #expect(Set(server.questions).count == Self.verbs)
        #expect(server.questions.allSatisfy { $0.namespace == nil && $0.group != "coordination.k8s.io" })
    }

    @Test func `an engine that is not served needs no permissions`() async throws {
        let server = AuthorizingServer { $0.group != "argoproj.io" }
        let said = try await lines(of: server, engines: [.tekton])
        #expect(said.compactMap { $0["msg"]?.stringValue } == ["All required permissions are granted"])
        #expect(!server.questions.contains { $0.group == "argoproj.io" })
        #expect(server.questions.contains { $0.group == "tekton.dev" })
    }

    @Test func `for a single namespace one request is enough`() async throws {
        let server = AuthorizingServer { _ in true }
        let said = try await lines(of: server, namespaces: ["a", "b"], lease: "c")
        #expect(said.compactMap { $0["msg"]?.stringValue } == ["All required permissions are granted"])
        #expect(server.questions.isEmpty)
        #expect(server.listings == ["a", "b", "c"])
    }

    /// The role names the lease, except for its creation.
    @Test func `checks permissions for the configured lease only`() async throws {
        let server = AuthorizingServer(lists: { $0.group != "coordination.k8s.io" }) {
            $0.name == ($0.verb == "create" ? nil : "towline")
                || $0.group != "coordination.k8s.io"
        }
        let said = try await lines(of: server, namespaces: ["a"], lease: "c")
        #expect(said.compactMap { $0["msg"]?.stringValue } == ["All required permissions are granted"])
        #expect(server.questions.count == 5)
    }

    @Test func `warns about a namespace that does not exist`() async throws {
        let server = AuthorizingServer { _ in true }
        server.existing.withLock { $0 = ["payments"] }
        let said = try await lines(of: server, namespaces: ["payments", "payment"], count: 2)
        let warnings = said.filter { $0["level"] == "warn" }
        #expect(warnings.count == 1)
        #expect(warnings.first?["msg"]?.stringValue?.contains("does not exist") == true)
        #expect(warnings.first?["namespace"] == "payment")
    }

    @Test func `checks verbs that the server does not list with requests`() async throws {
        let server = AuthorizingServer(lists: { $0.verb != "patch" }) { _ in true }
        let said = try await lines(of: server, namespaces: ["a"])
        #expect(said.compactMap { $0["msg"]?.stringValue } == ["All required permissions are granted"])
        #expect(
            Set(server.questions.map(\.resource)) == [
                "workflowexecutions", "environments", "events", "pipelineruns", "workflows",
            ])
        #expect(server.questions.allSatisfy { $0.verb == "patch" && $0.namespace == "a" })
    }

    @Test func `logs one line for each missing permission`() async throws {
        let server = AuthorizingServer { question in
            !(question.resource == "workflows" && ["create", "patch"].contains(question.verb))
                && !(question.subresource == "status" && question.namespace == "b")
        }
        let namespaces = ["a", "b"]
        let said = try await lines(of: server, namespaces: namespaces, count: 4)
        let missing = said.map { line in
            ["verbs", "resource", "namespaces"].compactMap { line[$0]?.stringValue }.joined(separator: " | ")
        }
        #expect(
            Set(missing) == [
                "patch | workflowexecutions.towline.dev/status | b", "patch | environments.towline.dev/status | b",
                "create | workflows.argoproj.io | a, b",
                "patch | workflows.argoproj.io | a, b",
            ])
        for line in said {
            #expect(line["msg"] == "A permission is missing")
            #expect(line["level"] == "warn")
            #expect(line["consequence"]?.stringValue?.isEmpty == false)
        }
    }

    @Test func `a permission in some namespaces does not count for all`() async throws {
        let server = AuthorizingServer { $0.namespace != nil }
        let said = try await lines(of: server, count: 2)
        #expect(said.allSatisfy { $0["namespaces"] == "all" })
    }

    @Test func `retries the check while the server is unreachable`() async throws {
        let time = VirtualTime()
        let server = AuthorizingServer { _ in true }
        server.isUnreachable.withLock { $0 = true }
        let logging = Task { try await lines(of: server, count: 2, time: time) }
        await eventually("the first try has failed") { server.failures.withLock { $0 } > 0 }
        server.isUnreachable.withLock { $0 = false }
        await eventually("the next try was made") {
            // Only the pause passes, not the time of the try itself, which is bounded.
            if time.scheduledCount > 0 { time.advance(by: PermissionCheck.retryInterval) }
            return !server.questions.isEmpty
        }
        let said = try await logging.value
        #expect(
            said.compactMap { $0["msg"]?.stringValue }
                == ["Could not check permissions", "All required permissions are granted"])
    }

    @Test func `a check ends after its timeout`() async throws {
        let time = VirtualTime()
        let server = AuthorizingServer { _ in
            time.advance(by: PermissionCheck.timeout / 4)
            return true
        }
        let said = try await lines(of: server, time: time)
        #expect(
            said.compactMap { $0["msg"]?.stringValue } == [
                "The permission check timed out; some permissions were not checked"
            ])
        #expect(server.questions.count == 4)
    }
}
