public import KubeClient
public import KubeRuntime

/// A Kubernetes API server for this machine only: plain HTTP on the loopback address, everything in memory.
///
/// There is no authentication and no authorization: who can reach the port may do everything. Nothing is kept when it
/// ends.
public final class SandboxServer: Sendable {
    /// Many watches, large bodies as a real API server takes them, and answers with thousands of objects.
    private static let limits = HTTPServerLimits(connections: 4096, body: 3 << 20, buffered: 512 << 20)
    /// How often watches look at the clock.
    private static let tick = Duration.seconds(1)

    /// What the server serves; code in the same process uses it directly.
    public let cluster: Cluster
    private let server: HTTPServer

    /// Begins to serve.
    ///
    /// - Parameter port: 0 picks a free one.
    public init(port: UInt16 = 0, environment: SandboxEnvironment = .system) throws(ListenError) {
        let cluster = Cluster(environment: environment)
        let router = RequestRouter(cluster)
        self.cluster = cluster
        server = try HTTPServer(host: "127.0.0.1", port: port, limits: Self.limits) { request in
            var response = await router.respond(to: request)
            response.headers.append("Date", environment.clock.now().httpDate)
            return response
        }
    }

    /// The port that is listened on.
    public var port: UInt16 { server.port }

    /// What a kubeconfig names as the server.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// A kubeconfig, as JSON, that leads to this server.
    public var kubeconfig: JSONValue {
        [
            "apiVersion": "v1", "kind": "Config", "current-context": "towline-sandbox",
            "clusters": [["name": "towline-sandbox", "cluster": ["server": .string(url)]]],
            "contexts": [
                ["name": "towline-sandbox", "context": ["cluster": "towline-sandbox", "user": "towline-sandbox"]]
            ],
            "users": [["name": "towline-sandbox", "user": [:]]],
        ]
    }

    /// Collects garbage and lets watches send bookmarks and time out, until the task is cancelled or the server shut down.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await GarbageCollector(self.cluster).run() }
            group.addTask {
                while !self.cluster.storage.isShutDown {
                    guard (try? await self.cluster.environment.sleep(Self.tick)) != nil else { return }
                    self.cluster.storage.wakeAll()
                }
            }
        }
    }

    /// Ends all watches, answers what is under way, and stops listening.
    public func shutdown() async {
        cluster.storage.shutDown()
        await server.shutdown()
    }
}
