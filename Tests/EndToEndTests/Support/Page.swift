import Foundation
import KubeClient

/// Fetches a page from a local process over plain HTTP.
enum Page {
    static func fetch(_ port: UInt16, _ path: String) async throws -> (code: Int, body: String) {
        let configuration = ClusterConfiguration(server: "http://127.0.0.1:\(port)", origin: "test")
        let transport = try CurlTransport(configuration: configuration, userAgent: "towline-test")
        let result: Result<HTTPResponse, TransportError>
        do { result = .success(try await transport.send(HTTPRequest(.get, path))) } catch { result = .failure(error) }
        await transport.shutdown()
        let response = try result.get()
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }
}
