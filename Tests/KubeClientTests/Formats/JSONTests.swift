import KubeClient
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        #"null"#, #"true"#, #"[]"#, #"{}"#, #"[1,-2,3.5]"#, #"{"a":{"b":["c",null]},"d":false}"#,
        #""a\"b\\c\nd""#, "\"\u{1F600}é\"", #"{"big":9223372036854775807,"small":-9223372036854775808}"#,
    ])
    func `parsed values encode to the same text`(_ text: String) throws {
        #expect(try JSONValue(parsing: text).encodedString == text)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "{,}", #"{"a" 1}"#, #"{"a":1,}"#, "01", "1.", "1e", "-", "+1", "tru", "nul",
        #""abc"#, #""\x""#, #""\u12""#, "[1 2]", "{}x", "\"\u{01}\"", #"{a:1}"#,
    ])
    func `rejects malformed texts`(_ text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func `rejects deep nesting without a crash`() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        var cursor = JSONCursor(Array(text.utf8))
        #expect(throws: JSONError.self) { try cursor.skipValue() }
    }

    @Test func `combines surrogate pairs and replaces lone surrogates`() throws {
        #expect(try JSONValue(parsing: #""\ud83d\ude00""#) == .string("\u{1F600}"))
        #expect(try JSONValue(parsing: #""\ud83dx""#) == .string("\u{FFFD}x"))
        #expect(try JSONValue(parsing: #""\ud83d\u0041""#) == .string("\u{FFFD}A"))
    }

    @Test func `numbers beyond 64 bits are doubles`() throws {
        #expect(try JSONValue(parsing: "9223372036854775808") == .double(9_223_372_036_854_775_808))
        #expect(throws: JSONError.self) { try JSONValue(parsing: "1e999") }
    }

    @Test func `objects are equal in any order`() throws {
        let left = try JSONValue(parsing: #"{"a":1,"b":2}"#)
        let right = try JSONValue(parsing: #"{"b":2,"a":1}"#)
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
    }

    @Test func `reports duplicate keys`() throws {
        let text = #"{"spec":{"a":1,"a":2,"l":[{"x":1,"x":1}]}}"#
        let (value, duplicates) = try JSONValue.parsingReportingDuplicates(Array(text.utf8))
        #expect(value["spec"]?["a"] == 2)
        #expect(duplicates == ["spec.a", "spec.l[0].x"])
    }

    @Test func `keeps the last value of a duplicate key among many keys`() throws {
        let text = "{" + (0..<100).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + ",\"k50\":7}"
        let value = try JSONValue(parsing: text)
        #expect(value.objectValue?.count == 100)
        #expect(value["k50"] == 7)
    }

    @Test func `reads and writes values at paths`() {
        var value: JSONValue = ["a": ["b": 1]]
        value[path: ["a", "c"]] = 2
        value[path: ["x", "y", "z"]] = "new"
        #expect(value[path: ["a", "b"]] == 1)
        #expect(value[path: ["a", "c"]] == 2)
        #expect(value[path: ["x", "y", "z"]] == "new")
        value[path: ["a", "b"]] = nil
        #expect(value[path: ["a", "b"]] == nil)
    }

    @Test func `a cursor skips fields that are not read`() throws {
        var cursor = JSONCursor(Array(#"{"skip":[{"deep":"}"}],"name":"x","n":-12}"#.utf8))
        var name = ""
        var number: Int64 = 0
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "name": name = try cursor.readString()
            case "n": number = try cursor.readInteger()
            default: try cursor.skipValue()
            }
        }
        try cursor.expectEnd()
        #expect(name == "x")
        #expect(number == -12)
    }

    @Test func `decoders get strings that are safe to compare, and trees get the exact ones`() throws {
        let marks = String(repeating: "\u{0301}\u{0323}", count: 20_000)
        let text = #"{"\#(marks)":"\#(marks)","é":"ok"}"#
        var cursor = JSONCursor(Array(text.utf8))
        var read: [Int] = []
        let start = ContinuousClock.now
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            read += [key.unicodeScalars.count, try cursor.readString().unicodeScalars.count]
        }
        #expect(read == [30, 30, 1, 2])
        #expect(cursor.cutStrings == 2)
        let tree = try JSONValue(parsing: text)
        #expect(tree.encoded == Array(text.utf8))
        #expect(start.duration(to: .now) < .seconds(10))
    }

}
