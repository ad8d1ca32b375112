import Testing

@testable import KubeClient

@Suite struct ServerAddressTests {
    @Test(arguments: [
        ("https://10.0.0.1:6443", "https://10.0.0.1:6443/x"), ("https://h", "https://h:443/x"),
        ("http://h/", "http://h:80/x"),
        ("https://[::1]:8443/k8s/clusters/c-1/", "https://[::1]:8443/k8s/clusters/c-1/x"),
    ])
    func urlsBeginWithTheAddress(text: String, url: String) throws {
        #expect(try ServerAddress(text).url("/x", naming: nil) == url)
    }

    @Test func anotherNameStandsInForTheHost() throws {
        #expect(try ServerAddress("https://10.0.0.1:6443/p").url("/x", naming: "api") == "https://api:6443/p/x")
    }

    @Test(arguments: [
        "", "h:1", "ftp://h", "https://", "https://:1", "https://h:0", "https://h:99999", "https://h:x",
        "https://u:p@h",
        "https://h?x", "https://h#x", "https://::1:443", "https://[::1", "https://[::1]x", "https://h h", "https://ü",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        let error = #expect(throws: TransportError.self) { try ServerAddress(text) }
        #expect(error?.kind == .invalidRequest)
    }

    @Test func thisMachineIsKnown() throws {
        let addresses = try ["http://127.0.0.1:1", "http://[::1]:1", "https://10.0.0.1"].map { try ServerAddress($0) }
        #expect(addresses.map(\.isLoopback) == [true, true, false])
    }
}
