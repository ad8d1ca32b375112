import KubeClient
import TestSupport
import Testing

@testable import Schema
@testable import SimulatedEngines

@Suite struct SimulationTextTests {
    @Test(arguments: [
        ("0s", "0s"), ("4s", "4s"), ("1h", "1h0m0s"), ("90s", "1m30s"), ("1.5s", "1.5s"), ("500ms", "500ms"),
        ("1m0.25s", "1m0.25s"),
    ]) func `formats durations like Go`(_ text: String, _ written: String) {
        #expect(Duration.goLimit(text).map(\.goText) == written)
    }

    @Test(arguments: ["", "1", "-1s", "s", "1x", "1s2", "99999999999999999999h"])
    func `rejects invalid durations`(_ text: String) {
        #expect(Duration.goLimit(text) == nil)
    }

    @Test func `reads the behavior of tasks from annotations`() throws {
        let behavior = try Behavior(annotations: [
            "sandbox.towline.dev/duration": "2s", "sandbox.towline.dev/duration.a": "0ms",
            "sandbox.towline.dev/fail.b": "exit=3", "sandbox.towline.dev/result.c.url": "http://x",
            "sandbox.towline.dev/bundle": "registry.example/w:1", "other/duration": "never",
        ])
        #expect(behavior.duration(of: ["a"]) == .zero)
        #expect(behavior.duration(of: ["x", "y"]) == .seconds(2))
        #expect(behavior.failure(of: ["x", "b"]) == .exit(3))
        #expect(behavior.failure(of: ["a"]) == nil)
        #expect(behavior.result("url", of: ["c"]) == "http://x")
        #expect(Behavior().duration(of: []) == .seconds(1))
    }

    @Test(arguments: [
        ("duration", "soon"), ("duration.a", ""), ("fail.a", "exit=0"), ("fail.a", "exit=256"), ("fail.a", "boom"),
        ("archive", "soon"), ("archive", ""), ("queue-delay", "long"),
    ])
    func `names invalid annotations`(_ name: String, _ value: String) {
        let key = Behavior.prefix + name
        let error = #expect(throws: BehaviorError.self) { try Behavior(annotations: [key: .string(value)]) }
        #expect(error?.description.contains(key) == true)
    }

    @Test func `substitutes placeholders`() {
        let values: [String: JSONValue] = ["params.a": "1", "params.list": ["x", "y"], "params.n": 7]
        let tree: JSONValue = [
            "text": "a=$(params.a) n=$(params.n) $(unknown) $(", "list": ["$(params.list)", "$(params.a)"],
            "whole": "$(params.list)",
        ]
        let filled = Placeholders.tekton.replace(in: tree) { values[String($0)] }
        #expect(filled["text"] == "a=1 n=7 $(unknown) $(")
        #expect(filled["list"] == ["x", "y", "1"])
        #expect(filled["whole"] == ["x", "y"])
        #expect(Placeholders.argo.variables(in: ["{{ a }}-{{b.c}}", "{{", "}}"]) == ["a", "b.c"])
        #expect(
            Placeholders.tekton.replace(in: "$(x.$(params.a)) $($(") { values[String($0)]?.scalarText } == "$(x.1) $($("
        )
    }

    @Test(arguments: [
        ("tasks.t.results.r", TektonVariable.result(task: "t", name: "r", part: .whole)),
        ("tasks.t.results.r[*]", .result(task: "t", name: "r", part: .whole)),
        ("tasks.t.results.o.k", .result(task: "t", name: "o", part: .member("k"))),
        ("tasks.t.results['r.s'][0]", .result(task: "t", name: "r.s", part: .element(0))),
        ("tasks.t.status", .taskStatus("t")), ("tasks.status", .aggregateStatus),
    ]) func `reads variables about other tasks`(_ text: String, _ variable: TektonVariable) {
        #expect(TektonVariable(text) == variable)
    }

    @Test(arguments: [
        "", "params.a", "tasks.t", "tasks.t.results", "tasks.t.results.", "workspaces.w.path", "tasks['a",
    ])
    func `leaves unknown variables unchanged`(_ text: String) {
        #expect(TektonVariable(text) == nil)
    }

    @Test(arguments: [
        ("1 == 1", true), ("a != a", false), ("'a b' == \"a b\"", true), ("3 > 10", false), ("10 >= 10", true),
        ("a == b || 2 == 2", true), ("a == a && b == c", false), ("true", true), ("", true),
        ("(a == b || b == b) && 2 > 1", true), ("a == b || (b == b && 2 < 1)", false), ("!(a == b)", true),
        ("a b == a b", true), ("'(' == '('", true), ("!true || a != b", true),
    ]) func `evaluates when conditions`(_ text: String, _ isMet: Bool) {
        #expect(WhenCondition.evaluate(text) == isMet)
    }

    @Test(arguments: ["a", "a >= b", "== &&", "(a == a", "a == a)", "'a == a", "a ==", "a == a b == b || !"])
    func `returns nil for invalid conditions`(_ text: String) {
        #expect(WhenCondition.evaluate(text) == nil)
    }

    @Test func `rejects deeply nested conditions`() {
        #expect(WhenCondition.evaluate(String(repeating: "(", count: 200) + "a == a") == nil)
        #expect(WhenCondition.evaluate(String(repeating: "!", count: 9000) + "true") == nil)
    }

    @Test func `evaluates depends expressions`() throws {
        let phases: [String: NodePhase] = ["a": .succeeded, "b": .failed, "c": .skipped, "d": .omitted]
        let isMet = { (text: String) in DependsExpression(text)?.isMet { phases[$0] } }
        #expect(isMet("a") == true)
        #expect(isMet("a && b") == false)
        #expect(isMet("a && (b || b.Failed)") == true)
        #expect(isMet("c && !b.Succeeded && d.Omitted") == true)
        #expect(isMet("(a") == nil)
        #expect(isMet("a &&") == nil)
        #expect(isMet(String(repeating: "(", count: 200) + "a") == nil)
        #expect(DependsExpression("a && (b || a.Failed)")?.tasks == ["a", "b"])
    }

    @Test func `fits child names into 63 bytes`() {
        #expect(ChildName.make("run", "-task") == "run-task")
        let long = String(repeating: "r", count: 63)
        for suffix in ["-task", "-" + String(repeating: "t", count: 60)] {
            #expect(ChildName.make(long, suffix).utf8.count <= 63)
        }
        #expect(ChildName.make(long, "-a") != ChildName.make(long, "-b"))
    }

    @Test func `parses image references`() {
        let digest = "sha256:" + String(repeating: "a", count: 64)
        let tagged = BundleReference("registry.example:5000/w/x:1.4")
        #expect(tagged.repository == "registry.example:5000/w/x" && tagged.tag == "1.4" && tagged.digest == nil)
        #expect(BundleReference("w/x").tag == "latest")
        let pinned = BundleReference("registry.example:5000/w/x@\(digest)")
        #expect(pinned.repository == tagged.repository && pinned.digest == digest)
        #expect(tagged.matches(pinned, digest: digest))
        #expect(!tagged.matches(pinned, digest: "sha256:b"))
        #expect(!tagged.matches(BundleReference("registry.example:5000/w/x:1.5"), digest: digest))
    }

    @Test(arguments: 0..<200) func `builds merge patches that turn one document into another`(_ seed: Int) {
        var random = SplitMix(seed: UInt64(seed))
        let old = Self.object(.random(depth: 3, using: &random))
        let new = Self.object(.random(depth: 3, using: &random))
        guard let patch = MergePatch.difference(from: old, to: new) else {
            #expect(old == new, "seed \(seed)")
            return
        }
        #expect(MergePatch.apply(patch, to: old) == new, "seed \(seed)")
    }

    /// A document that a merge patch can produce: an object without nulls outside arrays.
    private static func object(_ value: JSONValue) -> JSONValue {
        guard case .object(let object) = value else { return ["value": value.isNull ? 0 : value] }
        var result: JSONObject = [:]
        for member in object where !member.value.isNull {
            result[member.key] = member.value.objectValue == nil ? member.value : self.object(member.value)
        }
        return .object(result)
    }

    @Test func `reports differences between recordings`() {
        let difference = Difference()
        #expect(difference.first([["a": ["b": 1]]], [["a": ["b": 2]]], in: "x") == "x[0].a.b is 1, recorded 2")
        #expect(difference.first([["uid": "1"]], [["uid": "2"]], in: "x") == nil)
        #expect(difference.first([[:]], [["uid": "2"]], in: "x") != nil)
        #expect(difference.first([["a": 1]], [[:]], in: "x") != nil)
        #expect(difference.first([], [[:]], in: "x") == "x: 0 states, recorded 1")
    }
}
