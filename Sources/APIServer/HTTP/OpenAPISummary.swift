/// A minimal OpenAPI v2 document, in protobuf: the kinds for which the server validates fields.
///
/// kubectl before 1.29 requests it, and leaves validation to the server if PATCH has the query parameter. Schemas are
/// only in the v3 documents.
struct OpenAPISummary: Sendable {
    /// The requested and the returned media type: an at sign is not valid in a media type.
    static let acceptedType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    static let mediaType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    private let resources: [ServedResource]

    init(_ resources: [ServedResource]) {
        self.resources = resources
    }

    var document: [UInt8] {
        var document = ProtobufWriter()
        document.text(1, "2.0")
        document.message(2) { info in
            info.text(1, "Kubernetes")
            info.text(2, "v1.33.0")
        }
        document.message(8) { paths in
            for served in resources {
                paths.message(2) { item in
                    item.text(1, Self.path(of: served))
                    item.message(2) { $0.message(8) { Self.describePatch(of: served, &$0) } }
                }
            }
        }
        document.message(9) { _ in }
        return document.bytes
    }

    private static func path(of served: ServedResource) -> String {
        let root = served.group.isEmpty ? "/api/" : "/apis/"
        let scope = served.isNamespaced ? "/namespaces/{namespace}" : ""
        return "\(root)\(served.apiVersion)\(scope)/\(served.names.plural)/{name}"
    }

    private static func describePatch(of served: ServedResource, _ operation: inout ProtobufWriter) {
        for parameter in ["dryRun", "fieldManager", "fieldValidation"] {
            operation.message(8) { item in
                // A query parameter is nested in three `oneof` messages.
                item.message(1) {
                    $0.message(2) {
                        $0.message(3) { query in
                            query.text(2, "query")
                            query.text(4, parameter)
                            query.text(6, "string")
                        }
                    }
                }
            }
        }
        operation.message(9) { _ in }
        operation.message(13) { vendorExtension in
            vendorExtension.text(1, "x-kubernetes-group-version-kind")
            vendorExtension.message(2) { value in
                value.text(2, "group: \"\(served.group)\"\nkind: \(served.kind)\nversion: \(served.version)\n")
            }
        }
    }
}

/// Encodes a protobuf message.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func text(_ number: Int, _ text: String) {
        field(number, Array(text.utf8))
    }

    /// Writes a nested message.
    mutating func message(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        field(number, inner.bytes)
    }

    private mutating func field(_ number: Int, _ content: [UInt8]) {
        varint(UInt64(number) << 3 | 2)
        varint(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
    }
}
