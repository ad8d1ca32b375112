import KubeClient
import TestSupport
import Testing
import TowlineAPI

@testable import Engines

/// What a run says about whose it is, and how much room it takes.
@Suite struct EngineRunTests {
    private let metadata =
        #"{"name":"r","namespace":"n","uid":"3f9c2a71-d000-4000-8000-000000000001","resourceVersion":"7","deletionTimestamp":"2026-01-01T10:00:00Z","labels":{"towline.dev/execution-uid":"e-1"},"ownerReferences":[{"uid":"x","kind":"Other"},{"uid":"e-2","kind":"WorkflowExecution","controller":true}]}"#

    @Test(arguments: EngineName.allCases)
    func ownershipIsRead(_ name: EngineName) throws {
        let engine = EngineCatalogue.engine(name)
        let run = try read(#"{"metadata":\#(metadata)}"#.utf8, by: engine)
        #expect(run.key == ObjectKey(namespace: "n", name: "r"))
        #expect(run.uid == "3f9c2a71-d000-4000-8000-000000000001")
        #expect(run.resourceVersion == ResourceVersion("7"))
        #expect(run.isBeingDeleted)
        #expect(run.executionUID == "e-1")
        #expect(run.ownerUID == "e-2")
        #expect(run.isOwned(byExecutionWithUID: "e-2"))
        #expect(!run.isOwned(byExecutionWithUID: "e-1"))
        #expect(
            engine.reference(to: run)
                == RunReference(
                    apiVersion: engine.runType.apiVersion, kind: engine.runType.kind, name: "r", uid: run.uid))
    }

    /// What keeps a run that is being deleted is known, and of a live one it is nobody's concern.
    @Test(arguments: EngineName.allCases)
    func finalizersOfADeletedRunAreKept(_ name: EngineName) throws {
        let engine = EngineCatalogue.engine(name)
        func finalizers(_ more: String) throws -> [String] {
            try read(#"{"metadata":{"name":"r","namespace":"n","uid":"u"\#(more)}}"#.utf8, by: engine).finalizers
        }
        let names = #","finalizers":["chains.tekton.dev","example.com/hold"]"#
        #expect(try finalizers(names).isEmpty)
        let deleted = #","deletionTimestamp":"2026-01-01T10:00:00Z""#
        #expect(try finalizers(deleted + names) == ["chains.tekton.dev", "example.com/hold"])
        #expect(try finalizers(deleted).isEmpty)
        let many = (0..<100).map { #""f\#($0)""# }.joined(separator: ",")
        #expect(try finalizers(deleted + #","finalizers":[\#(many)]"#).count == ObjectMetadata.maximumFinalizers)
    }

    /// A cache holds ten thousand of them.
    @Test func aRunIsSmall() throws {
        #expect(MemoryLayout<EngineRun>.size <= 240)
        for engine in EngineCatalogue.all {
            let recording = try #require(try Recording.all(of: engine.name.rawValue).first { $0.name == "succeeded" })
            let run = try read(try #require(recording.encodedRun.last), by: engine)
            #expect(!run.state.hasRareFacts)
        }
    }

    @Test func theCatalogueHasEveryEngine() {
        #expect(EngineCatalogue.all.map(\.name) == EngineName.allCases)
        #expect(Set(EngineCatalogue.all.map(\.runType)).count == EngineName.allCases.count)
    }
}
