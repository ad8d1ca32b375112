import KubeClient
import Testing

/// One thing that every installation has to be, and what is wrong where it is not.
struct ManifestRule: Sendable, CustomTestStringConvertible {
    let name: String
    /// The complaints, each naming the object.
    let violations: @Sendable (Installation) -> [String]

    init(_ name: String, _ violations: @escaping @Sendable (Installation) -> [String]) {
        self.name = name
        self.violations = violations
    }

    var testDescription: String { name }

    static let all = containerRules + podRules + availabilityRules + rightsRules + networkRules + objectRules

    /// A rule about each container.
    static func containers(
        _ name: String, _ isKept: @escaping @Sendable (_ container: JSONValue) -> Bool
    ) -> ManifestRule {
        ManifestRule(name) { installation in
            installation.containers.filter { !isKept($0.container) }.map(\.path)
        }
    }

    /// A rule about each pod's spec.
    static func pods(_ name: String, _ isKept: @escaping @Sendable (_ spec: JSONValue) -> Bool) -> ManifestRule {
        ManifestRule(name) { installation in
            installation.podTemplates.filter { !isKept($0.template["spec"] ?? [:]) }.map(\.owner.identity)
        }
    }
}
