package import APIServer
package import KubeClient
package import KubeRuntime

/// A Kubernetes API server for local use: plain HTTP on the loopback address, all state in memory.
///
/// There is no authentication or authorization: anyone who can reach the port has full access. State is lost at exit.
package final class SandboxServer: Sendable {
    /// Allows many watches, request bodies as large as on a real API server, and responses with thousands of objects.
    private static let limits = HTTPServerLimits(connections: 4096, body: 3 << 20, buffered: 512 << 20)

    /// The served cluster, for code in the same process.
    package let cluster: Cluster
    private let server: HTTPServer

    /// Starts listening.
    ///
    /// - Parameter port: 0 selects a free port.
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

    /// The port of the server.
    package var port: UInt16 { server.port }

    /// The server URL for kubeconfig files.
    package var url: String { "http://127.0.0.1:\(port)" }

    /// A kubeconfig for this server, as JSON.
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

    /// Runs the background work of the cluster until the task is canceled or the server shuts down.
    package func run() async { await cluster.run() }

    /// Ends all watches, completes requests in flight, and stops listening.
    package func shutdown() async {
        cluster.shutDown()
        await server.shutdown()
    }
}
