import KubeClient
import TowlineAPI

/// Builds the JSON that runs of all engines have in common.
enum RunManifest {
    /// The JSON of a run of `type`; `spec` writes the members of its spec.
    ///
    /// No label or annotation of the execution is copied: with a copied tracking label, a GitOps tool would treat the run
    /// as its own.
    static func make(
        _ type: ResourceType, named name: String, for execution: WorkflowExecution,
        spec: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 1024)
        writer.object { writer in
            writer.member("apiVersion", type.apiVersion)
            writer.member("kind", type.kind)
            writer.member("metadata") { writer in
                writer.member("name", name)
                writer.member("namespace", execution.key.namespace)
                writer.member("labels") { $0.member(WellKnown.executionUIDLabel, execution.uid) }
                writer.member("annotations") { writer in
                    writer.member(WellKnown.executionAnnotation, execution.key.description)
                    writer.member(WellKnown.ignoreUpdatesAnnotation, "true")
                }
                writer.key("ownerReferences")
                writer.array { $0.object { writeOwner(execution, to: &$0) } }
            }
            writer.member("spec", spec)
        }
        return writer.bytes
    }

    private static func writeOwner(_ execution: WorkflowExecution, to writer: inout JSONWriter) {
        writer.member("apiVersion", WorkflowExecution.resourceType.apiVersion)
        writer.member("kind", WorkflowExecution.resourceType.kind)
        writer.member("name", execution.key.name)
        writer.member("uid", execution.uid)
        writer.key("controller")
        writer.bool(true)
        writer.key("blockOwnerDeletion")
        writer.bool(true)
    }

    /// Writes parameters as a list of `{name, value}`, the form of both engines, sorted by name.
    static func write(_ parameters: [Parameter], to writer: inout JSONWriter) {
        writer.array { writer in
            for parameter in parameters.sorted(by: { $0.name < $1.name }) {
                writer.object { writer in
                    writer.member("name", parameter.name)
                    writer.member("value", parameter.value)
                }
            }
        }
    }

    /// The merge patch that changes a run's spec; `spec` writes the changed members.
    ///
    /// It contains the resource version, so that the API server rejects it if the run has changed or another object has
    /// its name.
    static func patch(_ run: EngineRun, spec: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("metadata") { $0.member("resourceVersion", run.resourceVersion.text) }
            writer.member("spec", spec)
        }
        return writer.bytes
    }
}
