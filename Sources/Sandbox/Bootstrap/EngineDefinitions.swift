public import KubeClient

/// Definitions of the engines' kinds for engines that are simulated: the names, columns and subresources of the real
/// ones, with schemas that accept everything.
public enum EngineDefinitions {
    /// `tekton.dev/v1`: Pipeline, PipelineRun, Task and TaskRun.
    public static let tekton: [JSONValue] = [
        tekton("Pipeline", shortNames: [], columns: []),
        tekton("PipelineRun", shortNames: ["pr", "prs"], columns: runColumns),
        tekton("Task", shortNames: [], columns: []),
        tekton("TaskRun", shortNames: ["tr", "trs"], columns: runColumns),
    ]

    /// `argoproj.io/v1alpha1`: Workflow, WorkflowTemplate and ClusterWorkflowTemplate, without status subresources.
    public static let argo: [JSONValue] = [
        argo(
            "Workflow", shortNames: ["wf"],
            columns: [
                column("Status", "string", ".status.phase"), column("Age", "date", ".metadata.creationTimestamp"),
                column("Message", "string", ".status.message"),
            ]),
        argo("WorkflowTemplate", shortNames: ["wftmpl"]),
        argo("ClusterWorkflowTemplate", shortNames: ["clusterwftmpl", "cwft"], scope: "Cluster"),
    ]

    private static let runColumns: [JSONValue] = [
        column("Succeeded", "string", #".status.conditions[?(@.type=="Succeeded")].status"#),
        column("Reason", "string", #".status.conditions[?(@.type=="Succeeded")].reason"#),
        column("StartTime", "date", ".status.startTime"), column("CompletionTime", "date", ".status.completionTime"),
    ]

    private static func column(_ name: String, _ type: String, _ path: String) -> JSONValue {
        ["name": .string(name), "type": .string(type), "jsonPath": .string(path)]
    }

    private static func tekton(_ kind: String, shortNames: [JSONValue], columns: [JSONValue]) -> JSONValue {
        let names: JSONValue = [
            "plural": .string(kind.lowercased() + "s"), "kind": .string(kind), "shortNames": .array(shortNames),
            "categories": ["tekton", "tekton-pipelines"],
        ]
        return definition(
            group: "tekton.dev", version: "v1", scope: "Namespaced", names, columns: columns,
            subresources: ["status": [:]])
    }

    private static func argo(
        _ kind: String, shortNames: [JSONValue], columns: [JSONValue] = [], scope: String = "Namespaced"
    ) -> JSONValue {
        let names: JSONValue = [
            "plural": .string(kind.lowercased() + "s"), "kind": .string(kind), "shortNames": .array(shortNames),
        ]
        return definition(
            group: "argoproj.io", version: "v1alpha1", scope: scope, names, columns: columns, subresources: nil)
    }

    private static func definition(
        group: String, version: String, scope: String, _ names: JSONValue, columns: [JSONValue],
        subresources: JSONValue?
    ) -> JSONValue {
        let open: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        let schema: JSONValue = [
            "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            "properties": ["spec": open, "status": open],
        ]
        var served: JSONValue = [
            "name": .string(version), "served": true, "storage": true, "schema": ["openAPIV3Schema": schema],
        ]
        if !columns.isEmpty { served["additionalPrinterColumns"] = .array(columns) }
        served["subresources"] = subresources
        return [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(names["plural"]?.stringValue ?? "").\(group)")],
            "spec": ["group": .string(group), "scope": .string(scope), "names": names, "versions": [served]],
        ]
    }
}
