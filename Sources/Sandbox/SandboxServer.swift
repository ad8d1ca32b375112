package import APIServer
package import KubeClient
package import KubeRuntime

/// A Kubernetes API server for this machine only: plain HTTP on the loopback address, everything in memory.
///
/// There is no authentication and no authorization: who can reach the port may do everything. Nothing is kept when it
/// ends.
package final class SandboxServer: Sendable {
    /// Many watches, large bodies as a real API server takes them, and answers with thousands of objects.
    private static let limits = HTTPServerLimits(connections: 4096, body: 3 << 20, buffered: 512 << 20)

    /// What the server serves; code in the same process uses it directly.
    package let cluster: Cluster
    private let server: HTTPServer

    /// Begins to serve.
    ///
    /// - Parameter port: 0 picks a free one.
    package init(port: UInt16 = 0, environment: SandboxEnvironment = .system) throws(ListenError) {
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
    package var port: UInt16 { server.port }

    /// What a kubeconfig names as the server.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// A kubeconfig, as JSON, that leads to this server.
    package var kubeconfig: JSONValue {
        [
            "apiVersion": "v1", "kind": "Config", "current-context": "towline-sandbox",
            "clusters": [["name": "towline-sandbox", "cluster": ["server": .string(url)]]],
            "contexts": [
                ["name": "towline-sandbox", "context": ["cluster": "towline-sandbox", "user": "towline-sandbox"]]
            ],
            "users": [["name": "towline-sandbox", "user": [:]]],
        ]
    }

    /// Runs the background work of the cluster until the task is cancelled or the server shuts down.
    package func run() async { await cluster.run() }

    /// Ends all watches, answers what is under way, and stops listening.
    package func shutdown() async {
        cluster.shutDown()
        await server.shutdown()
    }
}
