import KubeClient
import TestSupport
import Testing

@testable import APIServer

@Suite struct ProtobufTests {
    private func envelope(_ kind: String, _ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { type in
            type.text(1, "v1")
            type.text(2, kind)
        }
        writer.message(2, body)
        return Array("k8s".utf8) + [0] + writer.bytes
    }

    private var configMap: [UInt8] {
        envelope("ConfigMap") { object in
            object.message(1) { metadata in
                metadata.text(1, "settings")
                metadata.text(3, "")
                metadata.message(8) { _ in }
            }
            for (key, value) in [("a", "b"), ("c", "")] {
                object.message(2) { entry in
                    entry.text(1, key)
                    entry.text(2, value)
                }
            }
        }
    }

    @Test func `an object is decoded`() throws {
        #expect(
            try ProtobufObject.read(configMap) == [
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "settings"],
                "data": ["a": "b", "c": ""],
            ])
    }

    @Test func `delete options are decoded`() throws {
        let options = envelope("DeleteOptions") { options in
            options.message(2) { $0.text(1, "an-uid") }
            options.text(4, "Background")
        }
        #expect(
            try ProtobufObject.read(options) == [
                "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": "an-uid"],
                "propagationPolicy": "Background",
            ])
    }

    @Test func `malformed bytes are rejected without a trap`() {
        let bytes = configMap
        for count in 0..<bytes.count { _ = try? ProtobufObject.read(Array(bytes[..<count])) }
        var random = SplitMix(seed: 7)
        for _ in 0..<2_000 {
            var broken = bytes
            broken[Int.random(in: 4..<broken.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = try? ProtobufObject.read(broken)
        }
        #expect(throws: StatusError.self) { try ProtobufObject.read(Array("{}".utf8)) }
        #expect(throws: StatusError.self) { try ProtobufObject.read(envelope("Deployment") { _ in }) }
    }
}
