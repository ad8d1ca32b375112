import KubeClient
import Testing

@testable import KubeRuntime

/// Real connections to a server that takes a watch and never says another word, not even at the time it should end it.
@Suite(.timeLimit(.minutes(1))) struct SilentServerTests {
    @Test func aWatchThatIsNotEndedInTimeIsReplaced() async throws {
        let watches = Locked(0)
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            guard request.queryValue("watch") != nil else {
                return .text(page([object("a", 1)], at: 10), status: 200)
            }
            let isFirst = watches.withLock { count in
                count += 1
                return count == 1
            }
            return HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    if !isFirst {
                        let event = #"{"type":"ADDED","object":\#(object("b", 11))}"# + "\n"
                        try await writer.write(Array(event.utf8))
                    }
                    try await Task.sleep(for: .seconds(600))
                })
        }
        let transport = try CurlTransport(
            configuration: ClusterConfiguration(server: "http://127.0.0.1:\(server.port)", origin: "test"),
            userAgent: "towline/test")
        var settings = ReflectorSettings()
        settings.watchTimeout = .milliseconds(100)...(.milliseconds(200))
        settings.watchMargin = .milliseconds(100)
        let store = Store<Item>()
        let reflector = Reflector(
            client: KubeClient(transport: transport),
            type: ResourceType(group: "example.dev", version: "v1", plural: "items", kind: "Item"), settings: settings,
            decoding: Item.decoder, into: store, time: SystemTime(), logger: Logger(LogSink(write: { _ in }))
        ) { _ in }
        let task = Task { await reflector.run() }
        await eventually("the second watch brings what the first one kept back") { store.count == 2 }
        task.cancel()
        await task.value
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func whatDiesWithoutAWordIsFoundOutWithinHalfAMinute() {
        let settings = ReflectorSettings()
        #expect(settings.watchTimeout.upperBound + settings.watchMargin <= .seconds(30))
    }
}
