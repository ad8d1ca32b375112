import APIServer
import KubeClient
import TestSupport

/// A clock that only tests advance.
package final class ManualTime: Sendable {
    private let time = Locked(Timestamp(seconds: 1_767_261_600))

    package init() {}

    package var clock: WallClock { WallClock { self.time.withLock { $0 } } }

    package func advance(_ duration: Duration) {
        time.withLock { $0 = $0 + duration }
    }
}

extension SandboxEnvironment {
    /// Time that the test controls, and reproducible randomness.
    package static func deterministic(_ time: ManualTime = ManualTime(), seed: UInt64 = 1) -> SandboxEnvironment {
        let generator = Locked(SplitMix(seed: seed))
        return SandboxEnvironment(
            clock: time.clock, random: { generator.withLock { $0.next() } },
            sleep: { _ in try await Task.sleep(for: .milliseconds(2)) })
    }
}

package enum Fixture {
    package static let widgets = GroupVersionResource(group: "example.com", version: "v1", resource: "widgets")
    package static let configMaps = GroupVersionResource(group: "", version: "v1", resource: "configmaps")
    package static let namespaces = GroupVersionResource(group: "", version: "v1", resource: "namespaces")

    /// A definition with a status subresource, defaults, columns and a second version.
    package static let widgetDefinition: JSONValue = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "widgets.example.com"],
        "spec": [
            "group": "example.com", "scope": "Namespaced",
            "names": ["plural": "widgets", "kind": "Widget", "shortNames": ["wg"]],
            "versions": [version("v1", isStored: true), version("v1beta1", isStored: false)],
        ],
    ]

    private static func version(_ name: String, isStored: Bool) -> JSONValue {
        [
            "name": .string(name), "served": true, "storage": .bool(isStored), "subresources": ["status": [:]],
            "selectableFields": [["jsonPath": ".spec.color"]],
            "additionalPrinterColumns": [
                ["name": "Color", "type": "string", "jsonPath": ".spec.color"],
                ["name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1],
                ["name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"],
            ],
            "schema": ["openAPIV3Schema": schema],
        ]
    }

    private static let schema: JSONValue = [
        "type": "object", "required": ["spec"],
        "properties": [
            "spec": [
                "type": "object", "required": ["color"],
                "properties": [
                    "color": ["type": "string", "enum": ["red", "green"]],
                    "size": ["type": "integer", "default": 1],
                ],
            ],
            "status": [
                "type": "object", "default": ["observed": -1],
                "properties": ["observed": ["type": "integer"]],
            ],
        ],
    ]

    /// A widget; it blocks the deletion of its owner.
    package static func widget(
        _ name: String, color: String = "red", labels: JSONValue = [:], owner: JSONValue? = nil,
        finalizers: [String] = []
    ) -> JSONValue {
        var metadata: JSONValue = ["name": .string(name), "labels": labels]
        if !finalizers.isEmpty { metadata["finalizers"] = .array(finalizers.map { .string($0) }) }
        if let owner {
            metadata["ownerReferences"] =
                configMap(name, owner: owner, blocks: true)[path: ["metadata", "ownerReferences"]]
        }
        return [
            "apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "spec": ["color": .string(color)],
        ]
    }

    package static func configMap(_ name: String, owner: JSONValue? = nil, blocks: Bool = false) -> JSONValue {
        var object: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": ["k": "v"],
        ]
        if let owner {
            object[path: ["metadata", "ownerReferences"]] = [
                [
                    "apiVersion": owner["apiVersion"] ?? "", "kind": owner["kind"] ?? "",
                    "name": owner["metadata"]?["name"] ?? "", "uid": owner["metadata"]?["uid"] ?? "",
                    "blockOwnerDeletion": .bool(blocks),
                ]
            ]
        }
        return object
    }

    /// A cluster that serves widgets.
    package static func cluster(
        _ environment: SandboxEnvironment = .deterministic(), limits: EventHistory.Limits = EventHistory.Limits()
    ) throws -> Cluster {
        let cluster = Cluster(environment: environment, historyLimits: limits)
        try cluster.load([widgetDefinition])
        return cluster
    }
}
