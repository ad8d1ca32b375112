import Foundation
import KubeClient
import TestSupport

/// The objects of one installation.
struct Installation: Sendable {
    var objects: [JSONValue]

    /// The folders in `deploy/overlays/`.
    static let overlays = ["cluster-wide", "namespaced", "monitoring", "argo-cd"]

    /// The objects in `deploy/install.yaml`.
    static func singleFile() throws -> Installation {
        Installation(objects: try Repository.documents("deploy/install.yaml"))
    }

    /// Renders an overlay with kustomize.
    static func overlay(_ name: String) async throws -> Installation {
        guard let kubectl = Tool.installed("kubectl") else { throw Tool.Failure(description: "kubectl is missing") }
        return try Installation(yaml: await kubectl("kustomize", "deploy/overlays/\(name)"), source: name)
    }

    init(objects: [JSONValue]) { self.objects = objects }

    init(yaml: String, source: String) throws {
        objects = try YAML.documents(Array(yaml.utf8), source: source)
    }

    func objects(of kinds: String...) -> [JSONValue] { objects.filter { kinds.contains($0.kind) } }

    /// All pod templates, each with the object that contains it.
    var podTemplates: [(owner: JSONValue, template: JSONValue)] {
        objects.compactMap { object in
            object[path: ["spec", "template"]].map { (object, $0) }
        }
    }

    /// All containers of all pods, each with a name for messages.
    var containers: [(path: String, container: JSONValue)] {
        podTemplates.flatMap { owner, template in
            ["initContainers", "containers", "ephemeralContainers"].flatMap { list in
                (template[path: ["spec", list]]?.arrayValue ?? []).map { container in
                    ("\(owner.identity): \(container["name"]?.stringValue ?? "?")", container)
                }
            }
        }
    }
}

extension JSONValue {
    var kind: String { self["kind"]?.stringValue ?? "" }
    var name: String { self[path: ["metadata", "name"]]?.stringValue ?? "" }
    var namespace: String? { self[path: ["metadata", "namespace"]]?.stringValue }

    /// `Deployment towline-system/towline-operator`
    var identity: String { "\(kind) \(namespace.map { "\($0)/" } ?? "")\(name)" }

    /// The strings of a map, such as labels.
    func strings(_ path: String...) -> [String: String] {
        var strings: [String: String] = [:]
        for member in self[path: path]?.objectValue ?? JSONObject() { strings[member.key] = member.value.stringValue }
        return strings
    }

    var labels: [String: String] { strings("metadata", "labels") }

    /// The objects of a list.
    func list(_ path: String...) -> [JSONValue] { self[path: path]?.arrayValue ?? [] }

    /// The strings of a list.
    func texts(_ path: String...) -> [String] { (self[path: path]?.arrayValue ?? []).compactMap(\.stringValue) }

    /// True if this label selector selects objects with `labels`; false for an empty selector.
    func selects(_ labels: [String: String]) -> Bool {
        let wanted = strings("matchLabels")
        return !wanted.isEmpty && wanted.allSatisfy { labels[$0.key] == $0.value }
    }
}
