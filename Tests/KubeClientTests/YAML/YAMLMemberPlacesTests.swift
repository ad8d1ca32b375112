import KubeClient
import Testing

@Suite struct YAMLMemberPlacesTests {
    private func places(_ text: String) throws -> YAMLMemberPlaces {
        try YAMLMemberPlaces(Array(text.utf8), source: "test.yaml")
    }

    /// `line:column`
    private func text(_ place: YAMLMemberPlaces.Place?) -> String? { place.map { "\($0.line):\($0.column)" } }

    @Test func membersAreFoundWhereTheyStand() throws {
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
    func whatIsNoMappingHasNone(_ text: String) throws {
        #expect(try places(text)["a"] == nil)
    }

    @Test func brokenTextsAreErrors() {
        #expect(throws: YAMLError.self) { try places("a: [b") }
    }
}
