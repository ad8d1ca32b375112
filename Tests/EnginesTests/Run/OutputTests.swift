import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// The results of runs, and where they are cut.
@Suite struct OutputTests {
    private func outputs(_ results: String) throws -> [Output] {
        try pipelineRun(status: #"{"results":\#(results)}"#).state.outputs
    }

    @Test func resultsOfAllTypesAreKept() throws {
        let results =
            #"[{"name":"a","value":"x"},{"name":"b","value":["p","q"]},{"name":"c","value":{"k":"v"}},{"name":"d","value":3},{"name":"e","value":""}]"#
        let expected = [
            Output(name: "a", value: "x"), Output(name: "b", value: #"["p","q"]"#),
            Output(name: "c", value: #"{"k":"v"}"#), Output(name: "d", value: "3"), Output(name: "e", value: ""),
        ]
        #expect(try outputs(results) == expected)
        #expect(
            try workflow(status: #"{"phase":"Succeeded","outputs":{"parameters":\#(results)}}"#).state.outputs
                == expected)
    }

    @Test func whatIsNoResultIsLeftOut() throws {
        #expect(
            try outputs(#"[null,{"name":"a"},{"value":"x"},{"name":"","value":"x"},{"name":"n","value":null},7]"#)
                .isEmpty)
        #expect(try outputs("{}").isEmpty)
    }

    @Test func longValuesSayThatTheyWereCut() throws {
        let long = String(repeating: "x", count: 5000)
        let value = try #require(try outputs(#"[{"name":"a","value":"\#(long)"}]"#).first?.value)
        #expect(value.utf8.count == 4096)
        #expect(value.hasSuffix("… (cut, it has 5000 bytes)"))
    }

    @Test func manyResultsSayHowManyWereLeftOut() throws {
        let many = (0..<100).map { #"{"name":"n\#($0)","value":"v"}"# }.joined(separator: ",")
        let kept = try outputs("[\(many)]")
        #expect(kept.count == 64)
        #expect(kept.last == Output(name: "…", value: "37 more left out"))
        let large = (0..<20).map { #"{"name":"n\#($0)","value":"\#(String(repeating: "v", count: 4000))"}"# }
        #expect(try outputs("[\(large.joined(separator: ","))]").last?.value == "12 more left out")
    }
}
