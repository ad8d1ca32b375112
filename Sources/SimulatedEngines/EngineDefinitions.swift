package import KubeClient

/// The custom resource definitions of the simulated engines.
///
/// Names, scopes, subresources, and printer columns match Tekton Pipelines and Argo Workflows. The schemas accept any
/// content, like Argo's minimal definitions, so that the simulated controllers validate runs as the real ones do.
package enum EngineDefinitions {
    /// The definitions that installing both engines would create.
    package static let all: [JSONValue] = [
        tekton("Pipeline", "pipelines", columns: [age]),
        tekton("PipelineRun", "pipelineruns", shortNames: ["pr", "prs"], hasStatus: true, columns: runColumns),
        tekton("Task", "tasks", columns: [age]),
        tekton("TaskRun", "taskruns", shortNames: ["tr", "trs"], hasStatus: true, columns: runColumns),
        definition(
            group: "tekton.dev", version: "v1beta1", "CustomRun", "customruns", shortNames: [],
            categories: ["tekton", "tekton-pipelines"], isNamespaced: true, hasStatus: true, columns: runColumns),
        argo(
            "Workflow", "workflows", shortNames: ["wf"],
            columns: [
                column("Status", "string", ".status.phase"), column("Age", "date", ".status.startedAt"),
                column("Message", "string", ".status.message"),
            ]),
        argo("WorkflowTemplate", "workflowtemplates", shortNames: ["wftmpl"], columns: [age]),
        argo(
            "ClusterWorkflowTemplate", "clusterworkflowtemplates", shortNames: ["clusterwftmpl", "cwft"],
            isNamespaced: false, columns: [age]),
    ]

    private static func tekton(
        _ kind: String, _ plural: String, shortNames: [JSONValue] = [], hasStatus: Bool = false, columns: [JSONValue]
    ) -> JSONValue {
        definition(
            group: "tekton.dev", version: "v1", kind, plural, shortNames: shortNames,
            categories: ["tekton", "tekton-pipelines"], isNamespaced: true, hasStatus: hasStatus, columns: columns)
    }

    /// Argo's definitions have no status subresource: its controller writes the whole object.
    private static func argo(
        _ kind: String, _ plural: String, shortNames: [JSONValue], isNamespaced: Bool = true, columns: [JSONValue]
    ) -> JSONValue {
        definition(
            group: "argoproj.io", version: "v1alpha1", kind, plural, shortNames: shortNames, categories: [],
            isNamespaced: isNamespaced, hasStatus: false, columns: columns)
    }

    private static func definition(
        group: String, version: String, _ kind: String, _ plural: String, shortNames: [JSONValue],
        categories: [JSONValue], isNamespaced: Bool, hasStatus: Bool, columns: [JSONValue]
    ) -> JSONValue {
        var names: JSONValue = [
            "kind": .string(kind), "listKind": .string("\(kind)List"), "plural": .string(plural),
            "singular": .string(kind.lowercased()),
        ]
        if !shortNames.isEmpty { names["shortNames"] = .array(shortNames) }
        if !categories.isEmpty { names["categories"] = .array(categories) }
        var served: JSONValue = [
            "name": .string(version), "served": true, "storage": true,
            "schema": ["openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]],
            "additionalPrinterColumns": .array(columns),
        ]
        if hasStatus { served["subresources"] = ["status": [:]] }
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).\(group)")],
            "spec": [
                "group": .string(group), "names": names, "scope": isNamespaced ? "Namespaced" : "Cluster",
                "versions": [served],
            ],
        ]
    }

    private static let age = column("Age", "date", ".metadata.creationTimestamp")

    private static let runColumns = [
        column("Succeeded", "string", #".status.conditions[?(@.type=="Succeeded")].status"#),
        column("Reason", "string", #".status.conditions[?(@.type=="Succeeded")].reason"#),
        column("StartTime", "date", ".status.startTime"), column("CompletionTime", "date", ".status.completionTime"),
    ]

    private static func column(_ name: String, _ type: String, _ path: String) -> JSONValue {
        ["name": .string(name), "type": .string(type), "jsonPath": .string(path)]
    }
}
