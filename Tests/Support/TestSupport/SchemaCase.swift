import KubeClient

/// A write of a Lifecycle or an Environment, and what the API server must answer.
public struct SchemaCase: Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        case lifecycle = "Lifecycle"
        case environment = "Environment"

        public var plural: String { rawValue.lowercased() + "s" }

        /// Where the phases are.
        public var path: String { self == .lifecycle ? "spec" : "spec.lifecycle" }
    }

    public enum Part: String, Sendable {
        case spec, status
    }

    public let kind: Kind
    public let part: Part
    /// The stored part, as YAML; nil for a create.
    public let old: String?
    /// The written part, as YAML.
    public let new: String
    /// A part of the error; nil if the write is accepted.
    public let message: String?

    public var description: String {
        let change = old.map { "\($0) to " } ?? ""
        return "\(kind.rawValue) \(part.rawValue): \(change)\(new)" + (message.map { " (\($0))" } ?? "")
    }

    /// The whole object with `text` as its part.
    public func object(_ text: String, named name: String = "pr-7") throws -> JSONValue {
        let value = try YAML.documents(Array(text.utf8), source: "case").first ?? .null
        var object: JSONValue = ["apiVersion": "towline.dev/v1alpha1", "kind": .string(kind.rawValue)]
        object["metadata"] = ["name": .string(kind == .lifecycle ? "preview-1.4.0" : name)]
        object["spec"] = ["lifecycleRef": ["name": "preview", "version": "1.4.0"]]
        object[part.rawValue] = value
        return object
    }

    /// A create, with a spec.
    static func create(_ kind: Kind, _ spec: String, _ message: String? = nil) -> SchemaCase {
        SchemaCase(kind: kind, part: .spec, old: nil, new: spec, message: message)
    }

    /// An update of a spec.
    static func update(_ kind: Kind, _ old: String, _ new: String, _ message: String? = nil) -> SchemaCase {
        SchemaCase(kind: kind, part: .spec, old: old, new: new, message: message)
    }

    /// A write of the status of an environment.
    static func status(_ old: String?, _ new: String, _ message: String? = nil) -> SchemaCase {
        SchemaCase(kind: .environment, part: .status, old: old, new: new, message: message)
    }
}
