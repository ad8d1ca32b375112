import KubeClient
import KubeRuntime
import TestSupport

extension FuzzTarget {
    /// The bytes of a watch: the events do not depend on the sizes of the pieces.
    static var watch: FuzzTarget {
        get throws {
            let runs = try Recording.all(of: "tekton").flatMap { $0.encodedRun.prefix(1) }.prefix(6)
            let added = runs.map { Array(#"{"type":"ADDED","object":"#.utf8) + $0 + Array("}\n".utf8) }
            let others = [
                #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}}"#,
                "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}}\n\n",
                #"{"object":{"metadata":{"name":"a"}},"type":"DELETED"}{"type":"ODD","object":[]}"#,
            ].map { Array($0.utf8) }
            return FuzzTarget(name: "watch", corpus: added + others) { text, random in
                let bound = 1 + random.below(64 << 10)
                let whole = try events(in: text, pieces: text.count, bound: bound)
                let pieces = try events(in: text, pieces: 1 + random.below(4096), bound: bound)
                try require(whole == pieces, "in pieces it has \(pieces.count) events, as a whole \(whole.count)")
                for event in whole {
                    var cursor = JSONCursor(event)
                    _ = try? WatchEvent<ObjectMetadata>(&cursor, decoding: Self.metadata)
                }
                return !whole.isEmpty
            }
        }
    }

    private static let metadata: ObjectDecoder<ObjectMetadata> = { (cursor) throws(JSONError) in
        var metadata = ObjectMetadata()
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            if key == "metadata" { metadata = try ObjectMetadata(&cursor) } else { try cursor.skipValue() }
        }
        return metadata
    }

    /// The events up to the first invalid byte.
    private static func events(in text: [UInt8], pieces size: Int, bound: Int) throws -> [[UInt8]] {
        var framer = WatchFramer(bound: bound)
        var events: [[UInt8]] = []
        var start = 0
        while start < text.count {
            let end = min(text.count, start + max(1, size))
            framer.append(Array(text[start..<end]))
            start = end
            do throws(JSONError) {
                while let frame = try framer.next() {
                    switch frame {
                    case .event(let range), .oversized(let range): events.append(Array(framer.buffer[range]))
                    }
                }
            } catch {
                return events
            }
            try require(framer.buffer.count <= bound + text.count, "keeps \(framer.buffer.count) bytes")
        }
        return events
    }

    private static let requests = [
        "GET /api/v1/namespaces/n/pods?watch=true&labelSelector=a%3Db HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
        "POST /apis HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n",
        "PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nabcd\r\n0\r\nT: x\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n",
    ]

    /// HTTP requests: the result does not depend on the sizes of the pieces.
    static let httpRequest = FuzzTarget(
        name: "http-request", corpus: requests.map { Array($0.utf8) }, isJSON: false
    ) { text, random in
        let whole = requests(in: text, pieces: text.count)
        let pieces = requests(in: text, pieces: 1 + random.below(64))
        try require(whole == pieces, "in pieces: \(pieces), as a whole: \(whole)")
        return whole.contains { !$0.hasPrefix("refused") }
    }

    private static func requests(in text: [UInt8], pieces size: Int) -> [String] {
        var parser = HTTPRequestParser()
        var found: [String] = []
        var start = 0
        while start < text.count {
            let end = min(text.count, start + max(1, size))
            parser.append(text[start..<end])
            start = end
            reading: while true {
                switch parser.next() {
                case .needsMore: break reading
                case .expectsContinue: continue reading
                case .request(let request, _):
                    found.append("\(request.method) \(request.segments) \(request.query.count) \(request.body)")
                case .refused(let refusal): return found + ["refused \(refusal.status)"]
                }
            }
        }
        return found
    }

    private static let statuses = [
        #"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"m","reason":"Forbidden","details":{"name":"a","group":"g","kind":"k","uid":"u","causes":[{"reason":"NamespaceTerminating","message":"m","field":"f"}],"retryAfterSeconds":5},"code":403}"#,
        #"{"kind":"Status","code":-9223372036854775808,"details":{"retryAfterSeconds":9223372036854775807}}"#,
    ]

    /// The `Status` objects of error responses.
    static let apiStatus = FuzzTarget(name: "api-status", corpus: statuses.map { Array($0.utf8) }) { text, _ in
        var cursor = JSONCursor(text)
        return (try? APIStatus(&cursor)) != nil
    }
}
