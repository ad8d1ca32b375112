import Testing

@testable import KubeRuntime

@Suite struct HTTPRequestParserTests {
    /// The parser's events for bytes that arrive in pieces, without `needsMore`.
    private func outcome(_ pieces: [[UInt8]], limits: HTTPRequestParser.Limits = .init()) -> [String] {
        var parser = HTTPRequestParser(limits: limits)
        var outcome: [String] = []
        for piece in pieces {
            parser.append(piece)
            loop: while true {
                switch parser.next() {
                case .needsMore: break loop
                case .expectsContinue: outcome.append("continue")
                case .request(let request, _):
                    outcome.append("\(request.method) \(request.path) \(String(decoding: request.body, as: UTF8.self))")
                case .refused(let refusal): return outcome + ["\(refusal.status)"]
                }
            }
        }
        return outcome
    }

    private func outcome(_ text: String, limits: HTTPRequestParser.Limits = .init()) -> [String] {
        outcome([Array(text.utf8)], limits: limits)
    }

    private let three =
        "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
        + "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        + "PUT /c HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n"

    @Test func `parses consecutive requests`() {
        #expect(outcome(three) == ["GET /a ", "POST /b hello", "PUT /c abc0123456789"])
    }

    @Test func `parses requests split at any byte`() {
        let bytes = Array(three.utf8)
        for place in 0...bytes.count {
            let outcome = outcome([Array(bytes[..<place]), Array(bytes[place...])])
            #expect(outcome == ["GET /a ", "POST /b hello", "PUT /c abc0123456789"], "split at \(place)")
        }
        #expect(outcome(bytes.map { [$0] }) == ["GET /a ", "POST /b hello", "PUT /c abc0123456789"])
    }

    @Test func `parses the request target`() throws {
        var parser = HTTPRequestParser()
        parser.append(
            Array("GET /apis/a%2Fb//c%20d/?x=1+2&y=%C3%BC&z&x=3 HTTP/1.1\r\nHost: h\r\nX-A:  v \r\n\r\n".utf8))
        guard case .request(let request, let head) = parser.next() else {
            Issue.record("no request")
            return
        }
        #expect(request.path == "/apis/a%2Fb//c%20d/")
        #expect(request.segments == ["apis", "a/b", "c d"])
        #expect(request.queryValue("x") == "1 2" && request.queryValue("y") == "ü" && request.queryValue("z") == "")
        #expect(request.query.count == 4 && request.queryValue("q") == nil)
        #expect(request.headers["x-a"] == "v")
        #expect(head.keepsAlive && head.isVersion11 && parser.isIdle)
    }

    @Test(arguments: [
        ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false), ("HTTP/1.0", "", false),
        ("HTTP/1.0", "Connection: foo, Keep-Alive\r\n", true),
    ])
    func `recognizes whether the connection stays open`(version: String, header: String, stays: Bool) {
        var parser = HTTPRequestParser()
        parser.append(Array("GET / \(version)\r\nHost: h\r\n\(header)\r\n".utf8))
        guard case .request(_, let head) = parser.next() else {
            Issue.record("no request")
            return
        }
        #expect(head.keepsAlive == stays)
    }

    @Test func `asks for the body of a client that expects 100 Continue`() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
        #expect(outcome([Array(head.utf8), Array("ok".utf8)]) == ["continue", "POST / ok"])
        #expect(outcome(head + "ok") == ["POST / ok"])
        #expect(
            outcome("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n") == ["413"])
        #expect(outcome("POST / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n") == ["417"])
    }

    @Test(arguments: [
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "G\u{00}T / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http HTTP/1.1\r\nHost: h\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /ü HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\nHost: h\n\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\rx\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\nabc\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    ])
    func `rejects malformed requests`(text: String) {
        #expect(outcome(text) == ["400"])
    }

    @Test func `rejects other protocols`() {
        #expect(outcome("GET / HTTP/2.0\r\nHost: h\r\n\r\n") == ["505"])
        #expect(outcome("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n") == ["501"])
    }

    @Test func `bounds heads, bodies and headers`() {
        let limits = HTTPRequestParser.Limits(head: 200, body: 10)
        let head = "POST / HTTP/1.1\r\nHost: h\r\n"
        #expect(outcome(head + "Content-Length: 11\r\n\r\n", limits: limits) == ["413"])
        #expect(outcome(head + "Content-Length: 99999999999999999999\r\n\r\n", limits: limits) == ["413"])
        #expect(
            outcome(head + "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n5\r\nabcde\r\n", limits: limits) == ["413"]
        )
        #expect(outcome(head + "X: \(String(repeating: "x", count: 200))\r\n\r\n", limits: limits) == ["431"])
        #expect(outcome(head + String(repeating: "x", count: 200), limits: limits) == ["431"])
        #expect(outcome(head + String(repeating: "X: y\r\n", count: 101) + "\r\n") == ["431"])
        let trailers = String(repeating: "X: y\r\n", count: 33)
        #expect(outcome(head + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + trailers) == ["431"])
    }

    /// Each part takes far more memory than its bytes in the request.
    @Test func `bounds the parts of a path and a query`() {
        func answer(_ target: String) -> [String] {
            outcome("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n", limits: HTTPRequestParser.Limits(targetParts: 4))
        }
        #expect(answer("/a/b?x=1&y=2") == ["GET /a/b "])
        #expect(answer("/a/b?x=1&y=2&z=3") == ["414"])
        #expect(answer("/a/b/c/d/e") == ["414"])
        #expect(answer("/?&&&&") == ["414"])
        #expect(answer("/" + String(repeating: "/", count: 8_000)) == ["414"])
        #expect(outcome("GET /?" + String(repeating: "a&", count: 8_000) + " HTTP/1.1\r\nHost: h\r\n\r\n") == ["414"])
    }

    @Test func `counts the memory of headers and parts of the target`() throws {
        func memory(_ text: String) throws -> Int {
            var parser = HTTPRequestParser()
            parser.append(Array(text.utf8))
            guard case .request(_, let head) = parser.next() else {
                Issue.record("no request")
                return 0
            }
            return head.memorySize
        }
        let plain = try memory("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        let headers = try memory("GET / HTTP/1.1\r\nHost: h\r\n" + String(repeating: "A:b\r\n", count: 90) + "\r\n")
        let items = try memory("GET /?" + String(repeating: "a&", count: 90) + " HTTP/1.1\r\nHost: h\r\n\r\n")
        let size = MemoryLayout<HTTPServerRequest.QueryItem>.stride
        #expect(headers - plain >= 90 * (5 + size))
        #expect(items - plain >= 90 * (2 + size))
    }

    @Test func `a rejected connection stays rejected`() {
        var parser = HTTPRequestParser()
        parser.append(Array("nonsense\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8))
        for _ in 0..<2 {
            guard case .refused(let refusal) = parser.next() else {
                Issue.record("not rejected")
                return
            }
            #expect(refusal.status == 400)
        }
    }
}
