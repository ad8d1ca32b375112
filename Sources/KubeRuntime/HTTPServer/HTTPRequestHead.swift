import KubeClient

/// The validated request line and headers of a request.
package struct HTTPRequestHead {
    enum Framing {
        case sized(Int)
        case chunked
    }

    private static let maximumHeaders = 100

    let method: String
    let path: String
    let segments: [String]
    let query: [HTTPServerRequest.QueryItem]
    let headers: HTTPHeaders
    let framing: Framing
    /// False for HTTP/1.0, whose clients do not support chunks.
    let isVersion11: Bool
    let keepsAlive: Bool
    let expectsContinue: Bool
    /// An upper bound of the memory that the head uses, in bytes.
    let memorySize: Int

    /// The memory for a header or a part of the target beside its bytes: two texts, each with its own object.
    private static let memoryOfPart = 128

    /// Parses the lines of a head, each with its CR LF.
    ///
    /// - Parameter targetParts: the maximum number of segments of the path and items of the query together.
    init(_ bytes: ArraySlice<UInt8>, targetParts: Int) throws(HTTPRefusal) {
        var lines = Self.lines(bytes).makeIterator()
        guard let first = lines.next() else { throw .malformed("no request line") }
        let line = try Self.requestLine(first)
        var headers = HTTPHeaders()
        while let line = lines.next() {
            guard headers.fields.count < Self.maximumHeaders else { throw .headTooLarge }
            let (name, value) = try Self.header(line)
            headers.append(name, value)
        }
        guard line.target.utf8.count(where: Self.startsPart) <= targetParts else { throw .tooManyParts(targetParts) }
        guard let target = HTTPServerRequest.parse(target: line.target) else { throw .malformed("the request target") }
        method = line.method
        (path, segments, query) = target
        self.headers = headers
        memorySize = bytes.count + (headers.fields.count + segments.count + query.count) * Self.memoryOfPart
        isVersion11 = line.isVersion11
        framing = try Self.framing(headers)
        if isVersion11 {
            guard headers.fields.count(where: { $0.name.isToken("host") }) == 1 else {
                throw .malformed("HTTP/1.1 needs one Host header")
            }
        }
        let connection = headers["Connection"] ?? ""
        keepsAlive = isVersion11 ? !connection.hasToken("close") : connection.hasToken("keep-alive")
        expectsContinue = isVersion11 && (headers["Expect"]?.isToken("100-continue") ?? false)
        if let expectation = headers["Expect"], !expectation.isToken("100-continue") {
            throw HTTPRefusal(417, "the only supported expectation is 100-continue")
        }
    }

    /// True for bytes that start a segment of a path or an item of a query.
    private static func startsPart(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "&")
    }

    private static func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = bytes.startIndex
        var index = start
        while index + 1 < bytes.endIndex {
            if bytes[index] == 0x0D, bytes[index + 1] == 0x0A {
                lines.append(bytes[start..<index])
                start = index + 2
                index += 1
            }
            index += 1
        }
        return lines
    }

    private static func requestLine(
        _ line: ArraySlice<UInt8>
    ) throws(HTTPRefusal) -> (method: String, target: String, isVersion11: Bool) {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else { throw .malformed("the request line") }
        guard parts[0].allSatisfy(isTokenByte), parts[1].allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .malformed("the request line")
        }
        let version = String(decoding: parts[2], as: UTF8.self)
        guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
            throw version.hasPrefix("HTTP/")
                ? HTTPRefusal(505, "only HTTP/1.1 is supported") : .malformed("the request line")
        }
        let text = { (part: ArraySlice<UInt8>) in String(decoding: part, as: UTF8.self) }
        return (text(parts[0]), text(parts[1]), version == "HTTP/1.1")
    }

    private static func header(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) -> (name: String, value: String) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(isTokenByte)
        else { throw .malformed("a header line") }
        var value = line[(colon + 1)...]
        while let byte = value.first, byte == 0x20 || byte == 0x09 { value.removeFirst() }
        while let byte = value.last, byte == 0x20 || byte == 0x09 { value.removeLast() }
        guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .malformed("a control character in a header")
        }
        return (String(decoding: line[..<colon], as: UTF8.self), String(decoding: value, as: UTF8.self))
    }

    private static func framing(_ headers: HTTPHeaders) throws(HTTPRefusal) -> Framing {
        let codings = headers.fields.filter { $0.name.isToken("transfer-encoding") }
        let lengths = headers.fields.filter { $0.name.isToken("content-length") }
        guard codings.isEmpty || lengths.isEmpty, codings.count <= 1 else {
            // Two lengths allow requests to be smuggled past a proxy.
            throw .malformed("more than one body length")
        }
        if let coding = codings.first {
            guard coding.value.isToken("chunked") else { throw HTTPRefusal(501, "unknown transfer encoding") }
            return .chunked
        }
        guard let length = lengths.first else { return .sized(0) }
        guard lengths.allSatisfy({ $0.value == length.value }), !length.value.isEmpty,
            length.value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { throw .malformed("Content-Length") }
        guard let count = Int(length.value) else { throw .bodyTooLarge }
        return .sized(count)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

extension String {
    /// True if the text equals the word, ignoring case; the word must be lowercase.
    fileprivate func isToken(_ word: StaticString) -> Bool {
        guard utf8.count == word.utf8CodeUnitCount else { return false }
        return utf8.enumerated().allSatisfy { offset, byte in
            let lowered = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
            return lowered == word.utf8Start[offset]
        }
    }

    /// True if a comma-separated list contains the word.
    fileprivate func hasToken(_ word: StaticString) -> Bool {
        split(separator: ",").contains { part in
            var part = part
            while part.first == " " { part.removeFirst() }
            while part.last == " " { part.removeLast() }
            return String(part).isToken(word)
        }
    }
}
