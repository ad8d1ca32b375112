import KubeClient
import SandboxSupport
import Testing

@testable import APIServer

/// Kinds that operators are installed with are stored, and rejected where a real API server rejects them.
@Suite struct InstallationResourcesTests {
    private let cluster = Cluster(environment: .deterministic())

    private func refusal(_ body: () throws -> Void) -> [String]? {
        do {
            try body()
            return nil
        } catch {
            return (error as? StatusError)?.details?.causes.map(\.field)
        }
    }

    private func deployment(app: String, selecting selected: String) -> JSONValue {
        [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "one"],
            "spec": [
                "selector": ["matchLabels": ["app": .string(selected)]],
                "template": [
                    "metadata": ["labels": ["app": .string(app)]],
                    "spec": ["containers": [["name": "main", "image": "example:1"]]],
                ],
            ],
        ]
    }

    @Test func `the selector of a deployment matches its pods and is immutable`() throws {
        let resource = InstallationResources.deployments
        #expect(
            refusal {
                try cluster.create(
                    resource.resource, namespace: "default", deployment(app: "a", selecting: "b"), fieldManager: "t")
            }
                == ["spec.template.metadata.labels"])
        let made = try cluster.create(
            resource.resource, namespace: "default", deployment(app: "a", selecting: "a"), fieldManager: "t")
        #expect(made["metadata"]?["generation"] == 1)
        var changed = deployment(app: "b", selecting: "b")
        changed["metadata"] = made["metadata"]
        #expect(
            refusal {
                try cluster.update(
                    resource.resource, namespace: "default", changed, subresource: nil, fieldManager: "t")
            }
                == ["spec.selector"])
    }

    @Test func `the role of a binding is immutable`() throws {
        func binding(_ role: String) -> JSONValue {
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": ["name": "system:reader"],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": .string(role)],
            ]
        }
        let resource = InstallationResources.roleBindings.resource
        let made = try cluster.create(resource, namespace: "default", binding("a"), fieldManager: "t")
        var changed = binding("b")
        changed["metadata"] = made["metadata"]
        #expect(
            refusal { try cluster.update(resource, namespace: "default", changed, subresource: nil, fieldManager: "t") }
                == ["roleRef"])
        var misnamed = binding("a")
        misnamed[path: ["metadata", "name"]] = "a/b"
        #expect(
            refusal { try cluster.create(resource, namespace: "default", misnamed, fieldManager: "t") }
                == ["metadata.name"])
    }

    @Test func `tables of installed kinds show their columns`() throws {
        func cells(_ resource: ServedResource, _ object: JSONValue) -> [JSONValue] {
            resource.columns.dropFirst().dropLast().map { $0.cell(object, Timestamp(seconds: 1_767_261_600)) }
        }
        var object = deployment(app: "a", selecting: "a")
        object[path: ["spec", "replicas"]] = 2
        object["status"] = ["readyReplicas": 1, "updatedReplicas": 2]
        #expect(cells(InstallationResources.deployments, object) == ["1/2", 2, 0])
        let policy: JSONValue = ["spec": ["podSelector": ["matchLabels": ["b": "2", "a": "1"]]]]
        #expect(cells(InstallationResources.networkPolicies, policy) == ["a=1,b=2"])
        #expect(cells(InstallationResources.disruptionBudgets, ["spec": ["maxUnavailable": 1]]) == ["N/A", 1, 0])
        let binding: JSONValue = ["roleRef": ["kind": "Role", "name": "reader"]]
        #expect(cells(InstallationResources.roleBindings, binding) == ["Role/reader"])
    }
}
