import Foundation

extension InterceptingProxy {
    /// Writes a kubeconfig that uses the proxy.
    func kubeconfig(in directory: URL) throws -> URL {
        let file = directory.appending(path: "proxy-\(port).kubeconfig")
        let text = """
            apiVersion: v1
            kind: Config
            current-context: proxy
            contexts: [{name: proxy, context: {cluster: proxy, user: proxy}}]
            clusters: [{name: proxy, cluster: {server: "http://127.0.0.1:\(port)"}}]
            users: [{name: proxy, user: {}}]
            """
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file
    }
}
