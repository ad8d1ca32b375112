import KubeClient
import TestSupport
import Testing
import TowlineAPI

@testable import Engines

/// Ownership, finalizers, and memory use of a run.
@Suite struct EngineRunTests {
    private let metadata =
        #"{"name":"r","namespace":"n","uid":"3f9c2a71-d000-4000-8000-000000000001","resourceVersion":"7","deletionTimestamp":"2026-01-01T10:00:00Z","labels":{"towline.dev/execution-uid":"e-1"},"ownerReferences":[{"uid":"x","kind":"Other"},{"uid":"e-2","kind":"WorkflowExecution","apiVersion":"towline.dev/v1alpha1","controller":true}]}"#

    @Test(arguments: EngineName.allCases)
    func `reads the owner of a run`(_ name: EngineName) throws {
        let engine = EngineRegistry.engine(name)
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

    /// A user could write a reference to a ConfigMap with the UID of an execution, which no admission policy reserves.
    @Test(arguments: [
        #""kind":"ConfigMap","apiVersion":"v1""#, #""kind":"WorkflowExecution","apiVersion":"example.com/v1""#,
        #""kind":"WorkflowExecution","apiVersion":"towline.dev.example.com/v1""#, #""kind":"WorkflowExecution""#,
        #""kind":"workflowexecution","apiVersion":"towline.dev/v1alpha1""#,
    ])
    func `only a reference to a WorkflowExecution makes an execution the owner`(_ reference: String) throws {
        let owner = #"{"uid":"e-2","name":"e","controller":true,\#(reference)}"#
        let metadata = #"{"name":"r","namespace":"n","uid":"u","ownerReferences":[\#(owner)]}"#
        for engine in EngineName.allCases.map(EngineRegistry.engine) {
            let run = try read(#"{"metadata":\#(metadata)}"#.utf8, by: engine)
            #expect(run.ownerUID == nil && !run.isOwned(byExecutionWithUID: "e-2"))
        }
    }

    /// Finalizers matter only while a run is being deleted.
    @Test(arguments: EngineName.allCases)
    func `keeps the finalizers of a run that is being deleted`(_ name: EngineName) throws {
        let engine = EngineRegistry.engine(name)
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

    /// The cache holds ten thousand runs.
    @Test func `keeps a run small in memory`() throws {
        #expect(MemoryLayout<EngineRun>.size <= 240)
        for engine in EngineRegistry.all {
            let recording = try #require(try Recording.all(of: engine.name.rawValue).first { $0.name == "succeeded" })
            let run = try read(try #require(recording.encodedRun.last), by: engine)
            #expect(!run.state.hasRareFields)
        }
    }

    /// A tenant can write any UID into the owner references of a run.
    @Test func `keeps a bounded part of an owner's UID`() throws {
        for engine in EngineRegistry.all {
            let uid = String(repeating: "u", count: 1 << 20)
            let owner =
                #"{"apiVersion":"towline.dev/v1alpha1","kind":"WorkflowExecution","uid":"\#(uid)","name":"x","controller":true}"#
            let run = try read(
                #"{"metadata":{"name":"r","namespace":"n","uid":"u","ownerReferences":[\#(owner)]}}"#.utf8, by: engine)
            #expect(try #require(run.ownerUID).utf8.count <= 253)
        }
    }

    @Test func `registers every engine`() {
        #expect(EngineRegistry.all.map(\.name) == EngineName.allCases)
        #expect(Set(EngineRegistry.all.map(\.runType)).count == EngineName.allCases.count)
    }
}

/// The results of runs and their limits.
@Suite struct OutputTests {
    private func outputs(_ results: String) throws -> [Output] {
        try pipelineRun(status: #"{"results":\#(results)}"#).state.outputs
    }

    @Test func `keeps results of all types`() throws {
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

    @Test func `a cached run keeps a bounded part of its results`() throws {
        let large = (0..<40).map { #"{"name":"r\#($0)","value":"\#(String(repeating: "x", count: 500))"}"# }
        let run = try pipelineRun(status: #"{"results":[\#(large.joined(separator: ","))]}"#)
        #expect(!run.state.isAbridged)
        let cached = run.abridged
        #expect(cached.state.isAbridged)
        #expect(cached.state.outputs.map(\.name) == ["r0", "r1", "r2", "…"])
        #expect(cached.state.outputs.last?.value == "37 more omitted")
        #expect(cached.state.outputs.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count } <= 2048)
        #expect(cached.abridged == cached)
        #expect(cached.state.reason == run.state.reason)
    }

    @Test func `a cached run keeps all of a few small results`() throws {
        let small = (0..<8).map {
            #"{"name":"IMAGE_DIGEST_\#($0)","value":"sha256:\#(String(repeating: "0", count: 64))"}"#
        }
        let run = try pipelineRun(status: #"{"results":[\#(small.joined(separator: ","))]}"#)
        #expect(run.abridged == run)
    }

    @Test func `ignores entries that are not results`() throws {
        #expect(
            try outputs(#"[null,{"name":"a"},{"value":"x"},{"name":"","value":"x"},{"name":"n","value":null},7]"#)
                .isEmpty)
        #expect(try outputs("{}").isEmpty)
    }

    @Test func `marks results that were truncated`() throws {
        let long = String(repeating: "x", count: 5000)
        let value = try #require(try outputs(#"[{"name":"a","value":"\#(long)"}]"#).first?.value)
        #expect(value.utf8.count == 4096)
        #expect(value.hasSuffix("… (truncated, 5000 bytes in total)"))
    }

    @Test func `says how many results were omitted`() throws {
        let many = (0..<100).map { #"{"name":"n\#($0)","value":"v"}"# }.joined(separator: ",")
        let kept = try outputs("[\(many)]")
        #expect(kept.count == 64)
        #expect(kept.last == Output(name: "…", value: "37 more omitted"))
        let large = (0..<20).map { #"{"name":"n\#($0)","value":"\#(String(repeating: "v", count: 4000))"}"# }
        #expect(try outputs("[\(large.joined(separator: ","))]").last?.value == "12 more omitted")
    }
}

/// Parsers of short texts.
@Suite struct TextTests {
    @Test(
        arguments: [
            ("Tasks Completed: 3 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 1", "3/6"),
            ("Tasks Completed: 5 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0", "4/5"),
            ("Tasks Completed: 5 (Failed: 1, Cancelled 0), Skipped: 0, Failed Validation: 1 (a)", "4/6"),
            ("Tasks Completed: 0 (Failed: 0, Cancelled 0), Skipped: 0", nil),
            ("Tasks Completed: 99999999999 (Failed: 0, Cancelled 0), Skipped: 0", nil),
            ("Tasks Completed: 999999999 (Failed: 0, Cancelled 0), Incomplete: 999999999, Skipped: 999999999", nil),
            ("Tasks Completed: -1 (Failed: 0, Cancelled 0), Skipped: 0", nil), ("Tasks Completed: ", nil), ("", nil),
            ("the task \"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0\" failed", nil),
        ] as [(String, String?)])
    func `parses the counts in Tekton's message`(_ message: String, _ progress: String?) {
        #expect(TaskCountMessage(message)?.progress(conditionalSkips: 0)?.description == progress)
    }

    @Test func `counts tasks skipped by their conditions as done`() {
        let tally = TaskCountMessage("Tasks Completed: 5 (Failed: 2 (Ignored: 1), Cancelled 1), Skipped: 3")
        #expect(tally?.progress(conditionalSkips: 1)?.description == "3/8")
        #expect(tally?.progress(conditionalSkips: .max)?.description == "5/8")
    }

    @Test(arguments: [
        ("3/7", true), ("7/7", true), ("0/1", true), ("0/0", false), ("8/7", false), ("a/b", false), ("3", false),
        ("3/", false), ("3/7 ", false), ("-1/7", false), ("1/99999999999", false), ("", false),
    ])
    func `parses Argo's progress`(_ text: String, _ isValid: Bool) {
        #expect((Progress(text)?.description == text) == isValid)
    }

    /// A 32-bit exit code has at most ten digits and an optional sign.
    @Test(
        arguments: [
            ("0)", 0), ("-1073741819)", -1_073_741_819), ("3221225786)", 3_221_225_786), ("4294967295", 4_294_967_295),
            ("99999999999", nil), ("-", nil), ("", nil), ("x1", nil), ("+1", nil), ("--1", nil),
        ] as [(String, Int64?)])
    func `parses exit codes in messages`(_ text: String, _ number: Int64?) {
        var scanner = TextScanner(text)
        #expect(scanner.integer() == number)
    }

    @Test(arguments: [
        "3f9c2a71-d000-4000-8000-0000000000ff", "3F9C2A71-D000-4000-8000-0000000000FF", "", "u",
        "3f9c2a71-d000-4000-8000-0000000000f", "3f9c2a71xd000-4000-8000-0000000000ff",
        "3f9c2a71d-000-4000-8000-0000000000ff", "------------------------------------",
        "3f9c2a71-d000-4000-8000-0000000000ffa", "éééééééééééééééééé",
    ])
    func `preserves the text of UIDs`(_ text: String) {
        #expect(CompactUID(text).text == text)
        #expect(CompactUID(text) == CompactUID(text))
    }

    @Test func `stores UUIDs without heap memory`() {
        guard case .uuid = CompactUID("3f9c2a71-d000-4000-8000-0000000000ff") else {
            Issue.record("kept as text")
            return
        }
    }
}
