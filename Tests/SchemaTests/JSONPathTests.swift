import KubeClient
import Testing

@testable import Schema

@Suite struct JSONPathTests {
    private static let object = #"""
        {"metadata":{"labels":{"a.b/c":"dotted","plain":"p"}},
         "spec":{"list":[{"n":1,"v":"x"},{"n":2,"v":"y"},{"v":"z"}]},
         "status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Finished","status":"False"}]}}
        """#

    @Test(arguments: [
        (".spec.list[0].v", #"["x"]"#), (".spec.list[-1].v", #"["z"]"#), (".spec.list[*].v", #"["x","y","z"]"#),
        (".spec.list.*.v", #"["x","y","z"]"#),
        (#".status.conditions[?(@.type=="Ready")].status"#, #"["True"]"#),
        (".status.conditions[?(@.type == 'Finished')].status", #"["False"]"#),
        (".spec.list[?(@.n>1)].v", #"["y"]"#), (".spec.list[?(@.n)].v", #"["x","y"]"#),
        (".spec.list[?(@.v!='x')].v", #"["y","z"]"#),
        (#".metadata.labels.a\.b/c"#, #"["dotted"]"#), (".metadata.labels['a.b/c']", #"["dotted"]"#),
        ("{.metadata.labels.plain}", #"["p"]"#),
        ("$.metadata.labels.plain", #"["p"]"#), ("metadata.labels.plain", #"["p"]"#),
        (".metadata.labels.*", #"["dotted","p"]"#), (".nope.x", "[]"), (".spec.list[9]", "[]"),
    ])
    func `a path finds its values`(path: String, values: String) throws {
        let path = try #require(JSONPath(path))
        #expect(try JSONValue.array(path.values(in: JSONValue(parsing: Self.object))) == JSONValue(parsing: values))
    }

    @Test(arguments: [".a[", ".a[x]", ".a..b", ".a.", ".a[?(x)]", ".a[?(@.b==)]", ".a['b]", ".a]b"])
    func `an invalid path is rejected`(_ path: String) {
        #expect(JSONPath(path) == nil)
    }
}
