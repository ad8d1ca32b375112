import KubeClient
import TowlineAPI

/// Builds the JSON that runs of all engines have in common.
enum RunManifest {
    /// The JSON of a run of `type`; `spec` writes the members of its spec.
    ///
    /// No label or annotation of the execution is copied: with a copied tracking label, a GitOps tool would treat the run
    /// as its own.
    static func make(
        _ type: ResourceType, named name: String, labels: [MapEntry], for execution: WorkflowExecution,
        spec: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 1024)
        writer.object { writer in
            writer.member("apiVersion", type.apiVersion)
            writer.member("kind", type.kind)
            writer.member("metadata") { writer in
                writer.member("name", name)
                writer.member("namespace", execution.key.namespace)
                writer.members("labels", labels)
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

extension JSONWriter {
    /// Writes an object of strings, sorted by key; writes nothing if it is empty.
    mutating func members(_ key: String, _ entries: [MapEntry]) {
        guard !entries.isEmpty else { return }
        member(key) { $0.members(entries) }
    }

    /// Writes the members of the current object, sorted by key.
    mutating func members(_ entries: [MapEntry]) {
        for entry in entries.sorted(by: { $0.key < $1.key }) { member(entry.key, entry.value) }
    }

    /// Writes a list of `{name, value}`, sorted by name, the form of both engines; writes nothing if it is empty.
    mutating func parameters(_ key: String, _ parameters: [Parameter], as form: ParameterForm) {
        guard !parameters.isEmpty else { return }
        self.key(key)
        array { writer in
            for parameter in parameters.sorted(by: { $0.name < $1.name }) {
                writer.object { writer in
                    writer.member("name", parameter.name)
                    writer.key("value")
                    writer.value(parameter.value, as: form)
                }
            }
        }
    }

    private mutating func value(_ value: ParameterValue, as form: ParameterForm) {
        switch (value, form) {
        case (.string(let text), _): string(text)
        case (.array(let elements), .native): strings(elements)
        case (.object(let entries), .native): object { $0.members(entries) }
        case (_, .text):
            // Compact, and with sorted keys, so that equal values are equal text.
            var text = JSONWriter()
            text.value(value, as: .native)
            string(text.string)
        }
    }

    /// Writes a list of strings in the given order.
    mutating func strings(_ elements: [String]) {
        array { writer in
            for element in elements { writer.string(element) }
        }
    }

    /// Writes a number; writes nothing for nil.
    mutating func member(_ key: String, ifPresent number: Int64?) {
        guard let number else { return }
        self.key(key)
        integer(number)
    }

    /// Writes a string; writes nothing for nil.
    mutating func member(_ key: String, ifPresent text: String?) {
        guard let text else { return }
        member(key, text)
    }
}

/// How an engine takes arrays and objects as values of parameters.
enum ParameterForm {
    /// As arrays and objects.
    case native
    /// As JSON text, since the engine has only strings.
    case text
}

/// Writes the settings that pods of both engines have, in the form of Kubernetes.
enum PodManifest {
    static func writeTolerations(_ tolerations: [Toleration], to writer: inout JSONWriter) {
        guard !tolerations.isEmpty else { return }
        writer.key("tolerations")
        writer.array { writer in
            for toleration in tolerations {
                writer.object { writer in
                    writer.member("key", ifPresent: toleration.key)
                    writer.member("operator", ifPresent: toleration.operator)
                    writer.member("value", ifPresent: toleration.value)
                    writer.member("effect", ifPresent: toleration.effect)
                    writer.member("tolerationSeconds", ifPresent: toleration.tolerationSeconds)
                }
            }
        }
    }

    static func writePullSecrets(_ names: [String], to writer: inout JSONWriter) {
        guard !names.isEmpty else { return }
        writer.key("imagePullSecrets")
        writer.array { writer in
            for name in names { writer.object { $0.member("name", name) } }
        }
    }

    static func writeSecurityContext(_ context: PodSecurityContext?, to writer: inout JSONWriter) {
        guard let context else { return }
        writer.member("securityContext") { writer in
            writer.member("runAsUser", ifPresent: context.runAsUser)
            writer.member("runAsGroup", ifPresent: context.runAsGroup)
            if let runAsNonRoot = context.runAsNonRoot {
                writer.key("runAsNonRoot")
                writer.bool(runAsNonRoot)
            }
            writer.member("fsGroup", ifPresent: context.fsGroup)
        }
    }
}
