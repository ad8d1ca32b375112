import KubeClient
import Testing

@Suite struct YAMLTests {
    private func read(_ text: String) throws -> [JSONValue] {
        try YAML.documents(Array(text.utf8), source: "test.yaml")
    }

    private func failure(_ text: String) -> YAMLError? {
        #expect(throws: YAMLError.self) { try read(text) }
    }

    @Test(
        arguments: [
            ("a", .string("a")), ("12", .integer(12)), ("-7", .integer(-7)), ("+3", .integer(3)),
            ("0x1F", .integer(31)), ("0o17", .integer(15)), ("0644", .integer(420)), ("0", .integer(0)),
            ("089", .double(89)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1.5e3", .double(1500)), (".5", .double(0.5)),
            ("1.", .double(1)), ("1e999", .string("1e999")), ("1.2.3", .string("1.2.3")), ("--1", .string("--1")),
            ("0x-1", .string("0x-1")), ("1_000", .string("1_000")), ("-", .array([.null])), (".", .string(".")),
            ("true", .bool(true)), ("False", .bool(false)), ("yes", .string("yes")), ("off", .string("off")),
            ("2026-01-01", .string("2026-01-01")), ("'12'", .string("12")), ("\"true\"", .string("true")),
            ("!!str 12", .string("12")), ("! 12", .string("12")), ("!!int 12", .integer(12)),
            ("!!binary YWJj", .string("abc")), ("!!float 1", .double(1)),
            ("[!!null ~]", .array([.null])),
            ("[~, null, '']", .array([.null, .null, .string("")])), ("|\n  a\n  b\n", .string("a\nb\n")),
            (">-\n  a\n  b\n", .string("a b")), ("{}", .object([:])),
        ] as [(String, JSONValue)])
    func `resolves scalars by the core schema`(_ text: String, _ value: JSONValue) throws {
        #expect(try read(text) == [value])
    }

    @Test func `omits empty documents`() throws {
        #expect(try read("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n") == [["a": 1], ["b": 2]])
        #expect(try read("") == [])
    }

    @Test func `parses JSON`() throws {
        #expect(try read(#"{"a": [1, "2", {"b": null}], "c": "é\n"}"#) == [["a": [1, "2", ["b": .null]], "c": "é\n"]])
    }

    @Test func `converts keys to strings`() throws {
        #expect(try read("1: a\ntrue: b\n1.5: c\nyes: d\n") == [["1": "a", "true": "b", "1.5": "c", "yes": "d"]])
        #expect(failure("~: a")?.message.contains("key is empty or null") == true)
        #expect(failure("? [a]\n: b")?.message.contains("list or a mapping") == true)
    }

    @Test func `rejects duplicate keys with their position`() {
        #expect(failure("a: 1\nb:\n  c: 1\n  c: 2\n")?.description == "test.yaml:4:3: duplicate key \"c\"")
        #expect(failure("1: a\n'1': b\n")?.line == 2)
    }

    @Test func `expands aliases`() throws {
        #expect(try read("a: &x [1, 2]\nb: *x\n") == [["a": [1, 2], "b": [1, 2]]])
        #expect(failure("a: *x")?.message.contains("is not defined before it is used") == true)
        #expect(failure("a: &x [*x]") != nil)
        #expect(failure("a: &x 1\n---\nb: *x\n")?.line == 3)
    }

    @Test func `merge keys add only missing members`() throws {
        let text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nall:\n  <<: [*b, *m]\n  x: 0\n"
        #expect(try read(text).first?["all"] == ["x": 0, "y": 2, "z": 4])
        #expect(try read("'<<': 1") == [["<<": 1]])
        #expect(failure("<<: 1")?.message.contains("needs a mapping") == true)
    }

    @Test func `rejects texts that expand or nest too much`() {
        var laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1..<12 {
            let alias = "*a\(level - 1)"
            laughs += "a\(level): &a\(level) [\(Array(repeating: alias, count: 9).joined(separator: ","))]\n"
        }
        #expect(failure(laughs)?.message.contains("aliases expand") == true)
        #expect(failure(String(repeating: "[", count: 100_000))?.message.contains("nested more than") == true)
        // A key can be a mapping whose key is a mapping.
        #expect(failure(String(repeating: "? ", count: 100_000))?.message.contains("nested more than") == true)
        let deep = "a: &a \(String(repeating: "[", count: 60))\(String(repeating: "]", count: 60))\n"
        #expect(failure(deep + "b: \(String(repeating: "[", count: 60))*a")?.message.contains("nested") == true)
        #expect(throws: YAMLError.self) {
            try YAML.documents(Array(repeating: UInt8(ascii: "a"), count: YAML.maximumSize + 1), source: "big")
        }
        #expect(throws: YAMLError.self) { try YAML.documents([0x61, 0xFF, 0xFE], source: "binary") }
    }

    @Test func `parses or rejects damaged texts without a crash`() {
        let text = Array(
            "a: &x [1, 'two', \"th\\u0072ee\"]\n<<: {b: *x}\n? c\n: |\n  text\n--- !!map\nd: >-\n  é\n".utf8)
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for round in 0..<3000 {
            var damaged = text
            for _ in 0...random(below: 4) { damaged[random(below: text.count)] = UInt8(random(below: 256)) }
            do throws(YAMLError) {
                _ = try YAML.documents(damaged, source: "damaged")
            } catch {
                #expect(error.line >= 1 && error.line <= 20, "seed \(seed), round \(round): \(error)")
            }
        }
    }

    @Test(arguments: [
        "a: [1", "a: b: c", "\tx: 1", ".inf", "-.INF", ".nan", "!!int x", "!!bool 1", "!!null x", "!thing x",
        "!!seq {}", "'x", "a: 1\n b: 2",
    ])
    func `rejects malformed texts`(_ text: String) {
        #expect(failure(text)?.source == "test.yaml")
    }
}

@Suite struct YAMLMemberPositionsTests {
    private func places(_ text: String) throws -> YAMLMemberPositions {
        try YAMLMemberPositions(Array(text.utf8), source: "test.yaml")
    }

    /// `line:column`
    private func text(_ place: YAMLMemberPositions.Position?) -> String? { place.map { "\($0.line):\($0.column)" } }

    @Test func `finds the positions of members`() throws {
        let places = try places(
            """
            # A comment.
            ---
            workers: 4
            nested: {a: [b, {c: d}], e: f}
            "quoted":
              - one
              - [two, three]
              - four: {five: six}
            last: |
              text
            """)
        #expect(text(places["workers"]?.key) == "3:1")
        #expect(text(places["workers"]?.value) == "3:10")
        #expect(text(places["nested"]?.value) == "4:9")
        #expect(places["a"] == nil)
        #expect(text(places["quoted"]?.key) == "5:1")
        #expect(places["quoted"]?.elements.map { text($0) } == ["6:5", "7:5", "8:5"])
        #expect(text(places["last"]?.value) == "9:7")
    }

    @Test(arguments: ["", "# nothing\n", "[a, b]", "text", "--- \n--- {a: b}\n"])
    func `a document that is not a mapping has no positions`(_ text: String) throws {
        #expect(try places(text)["a"] == nil)
    }

    @Test func `rejects malformed texts`() {
        #expect(throws: YAMLError.self) { try places("a: [b") }
    }
}
