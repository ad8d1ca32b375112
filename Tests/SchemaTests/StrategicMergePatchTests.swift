import KubeClient
import Testing

@testable import Schema

@Suite struct StrategicMergePatchTests {
    private func apply(_ patch: String, to target: String, kind: String = "Pod") throws -> JSONValue {
        try StrategicMergePatch.apply(JSONValue(parsing: patch), to: JSONValue(parsing: target), kind: kind)
    }

    @Test func `lists merge by their keys`() throws {
        let result = try apply(
            #"{"spec":{"containers":[{"name":"b","env":[{"name":"X","value":"2"}],"ports":[{"containerPort":81}]}]}}"#,
            to:
                #"{"spec":{"containers":[{"name":"a"},{"name":"b","image":"i","env":[{"name":"W"},{"name":"X","value":"1"}],"ports":[{"containerPort":80}]}]}}"#
        )
        #expect(
            try result
                == JSONValue(
                    parsing:
                        #"{"spec":{"containers":[{"name":"a"},{"name":"b","image":"i","env":[{"name":"W"},{"name":"X","value":"2"}],"ports":[{"containerPort":80},{"containerPort":81}]}]}}"#
                ))
    }

    @Test func `finalizers merge as a set and unknown lists are replaced`() throws {
        let result = try apply(
            #"{"metadata":{"finalizers":["b","a"]},"args":["z"]}"#,
            to: #"{"metadata":{"finalizers":["a"]},"args":["x"]}"#)
        #expect(try result == JSONValue(parsing: #"{"metadata":{"finalizers":["a","b"]},"args":["z"]}"#))
    }

    @Test func `patch directives are followed`() throws {
        let target =
            #"{"spec":{"containers":[{"name":"a"},{"name":"b"}],"map":{"x":1,"y":2}},"metadata":{"finalizers":["a","b"]}}"#
        func check(_ patch: String, _ result: String) throws {
            #expect(
                try apply(patch, to: target)
                    == MergePatch.apply(JSONValue(parsing: result), to: JSONValue(parsing: target)))
        }
        try check(
            #"{"spec":{"containers":[{"name":"a","$patch":"delete"}]}}"#, #"{"spec":{"containers":[{"name":"b"}]}}"#)
        try check(
            #"{"spec":{"containers":[{"$patch":"replace"},{"name":"c"}]}}"#, #"{"spec":{"containers":[{"name":"c"}]}}"#)
        try check(#"{"spec":{"map":{"$patch":"replace","z":3}}}"#, #"{"spec":{"map":{"x":null,"y":null,"z":3}}}"#)
        try check(#"{"spec":{"map":{"$patch":"delete"}}}"#, #"{"spec":{"map":null}}"#)
        try check(#"{"spec":{"map":{"$retainKeys":["y","z"],"z":3}}}"#, #"{"spec":{"map":{"x":null,"z":3}}}"#)
        try check(#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}"#, #"{"metadata":{"finalizers":["b"]}}"#)
        try check(
            #"{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],"containers":[{"name":"c"}]}}"#,
            #"{"spec":{"containers":[{"name":"c"},{"name":"b"},{"name":"a"}]}}"#)
    }

    @Test func `service ports merge by port`() throws {
        let result = try apply(
            #"{"spec":{"ports":[{"port":80,"name":"web"}]}}"#, to: #"{"spec":{"ports":[{"port":80},{"port":81}]}}"#,
            kind: "Service")
        #expect(try result == JSONValue(parsing: #"{"spec":{"ports":[{"port":80,"name":"web"},{"port":81}]}}"#))
    }

    @Test(arguments: [
        "[]", #"{"$patch":"explode"}"#, #"{"$retainKeys":1}"#, #"{"containers":[{"image":"x"}]}"#,
        #"{"containers":[1]}"#,
        #"{"$setElementOrder/containers":{}}"#,
    ])
    func `a malformed patch is rejected`(_ patch: String) throws {
        let error = #expect(throws: PatchError.self) { try apply(patch, to: "{}") }
        #expect(error?.statusCode == 400)
    }
}
