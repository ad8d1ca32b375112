import Testing

@testable import APIServer

@Suite struct RequestRouteTests {
    private func route(_ path: String) -> RequestRoute {
        RequestRoute(path.split(separator: "/").map(String.init))
    }

    private func object(
        _ group: String, _ version: String, _ resource: String, _ namespace: String? = nil, _ name: String? = nil,
        _ subresource: String? = nil
    ) -> RequestRoute {
        .object(
            GroupVersionResource(group: group, version: version, resource: resource), namespace: namespace,
            name: name, subresource: subresource)
    }

    @Test func `namespace paths are routed`() {
        #expect(route("/api/v1/namespaces") == object("", "v1", "namespaces"))
        #expect(route("/api/v1/namespaces/a") == object("", "v1", "namespaces", nil, "a"))
        #expect(route("/api/v1/namespaces/a/status") == object("", "v1", "namespaces", nil, "a", "status"))
        #expect(route("/api/v1/namespaces/a/pods") == object("", "v1", "pods", "a"))
        #expect(route("/api/v1/namespaces/a/pods/p/log") == object("", "v1", "pods", "a", "p", "log"))
        #expect(route("/api/v1/pods") == object("", "v1", "pods"))
        #expect(route("/apis/g.io/v1/namespaces/a/status") == object("g.io", "v1", "status", "a"))
        #expect(route("/apis/g.io/v1/things/x") == object("g.io", "v1", "things", nil, "x"))
    }

    @Test func `discovery and OpenAPI paths are routed`() {
        #expect(route("/") == .index)
        #expect(route("/apis") == .groups)
        #expect(route("/apis/g.io") == .group("g.io"))
        #expect(route("/apis/g.io/v1") == .resources(group: "g.io", version: "v1"))
        #expect(route("/openapi/v3/apis/g.io/v1") == .openAPI(group: "g.io", version: "v1"))
        #expect(route("/openapi/v3/api/v1") == .openAPI(group: "", version: "v1"))
        #expect(route("/openapi/v4") == .unknown)
        #expect(route("/api/v1/namespaces/a/pods/p/log/more") == .unknown)
    }
}
