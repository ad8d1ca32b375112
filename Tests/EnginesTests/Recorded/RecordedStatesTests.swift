import KubeClient
import TestSupport
import Testing

@testable import Engines

/// Every event of every recording has its expected state written down.
@Suite struct RecordedStatesTests {
    @Test func tektonRunsReadAsWrittenDown() throws {
        let engine = TektonEngine()
        var lines: [String] = []
        for recording in try Recording.all(of: "tekton") {
            lines.append(recording.name)
            for text in recording.encodedRun { lines.append("  " + (try read(text, by: engine).state.line)) }
            guard let last = recording.encodedRun.last else { continue }
            let run = try read(last, by: engine)
            guard let listing = engine.childListings(for: run).first else { continue }
            #expect(listing.labelSelector == "tekton.dev/pipelineRun=\(run.key.name)")
            let children = try children(recording.taskRunList, by: engine)
            lines.append("  + " + engine.state(of: run, children: children).line)
        }
        expect(lines, recordedTektonStates)
    }

    @Test func argoRunsReadAsWrittenDown() throws {
        let engine = ArgoEngine()
        var lines: [String] = []
        for recording in try Recording.all(of: "argo") {
            lines.append(recording.name)
            for text in recording.encodedRun {
                let run = try read(text, by: engine)
                #expect(engine.childListings(for: run).isEmpty)
                lines.append("  " + run.state.line)
            }
        }
        expect(lines, recordedArgoStates)
    }

    private func expect(_ lines: [String], _ table: String) {
        let expected = table.split(separator: "\n").map(String.init)
        #expect(lines.count == expected.count)
        for (line, wanted) in zip(lines, expected) { #expect(line == wanted) }
        if lines != expected { print(lines.joined(separator: "\n")) }
    }

    @Test func theRunsMetadataIsRead() throws {
        for recording in try Recording.all(of: "tekton") {
            let run = try read(try #require(recording.encodedRun.last), by: TektonEngine())
            #expect(run.key.namespace == "payments")
            #expect(run.uid.count == 36)
            #expect(!run.resourceVersion.isEmpty)
            #expect(run.executionUID == nil)
        }
    }
}
