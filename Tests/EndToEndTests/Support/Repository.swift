import Foundation
import KubeClient
import TestSupport

/// Where this checkout keeps what the tests need.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The executable that the tests drive: the one `TOWLINE_BINARY` names, or the one built beside the tests.
    static var binary: URL {
        if let path = ProcessInfo.processInfo.environment["TOWLINE_BINARY"] { return URL(filePath: path) }
        return BuiltProducts.program("towline")
    }

    /// The project's own custom resource definitions.
    static func definitions() throws -> [JSONValue] { try manifests(in: root.appending(path: "crds")) }

    /// Whom the operator is installed as, and what it may do: that much of `deploy/install.yaml`.
    static func identityAndRights() throws -> [JSONValue] {
        let kinds = ["Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]
        return try documents(root.appending(path: "deploy/install.yaml")).filter { object in
            kinds.contains(object["kind"]?.stringValue ?? "")
        }
    }

    /// The documents of all YAML files directly in a folder.
    static func manifests(in folder: URL) throws -> [JSONValue] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" }
            .sorted { $0.path < $1.path }
            .flatMap { try documents($0) }
    }

    static func documents(_ file: URL) throws -> [JSONValue] {
        try YAML.documents(Array(Data(contentsOf: file)), source: file.lastPathComponent)
    }
}
