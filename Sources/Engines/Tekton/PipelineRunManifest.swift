import KubeClient
import TowlineAPI

/// Writes the spec of a new PipelineRun.
struct PipelineRunManifest {
    let spec: ExecutionSpec

    func write(to writer: inout JSONWriter) {
        let config = spec.executionConfig
        writer.member("pipelineRef") { writeReference(to: &$0) }
        writer.parameters("params", spec.parameters, as: .native)
        if config.serviceAccountName != nil || config.pod != nil {
            writer.member("taskRunTemplate") { writer in
                writer.member("serviceAccountName", ifPresent: config.serviceAccountName)
                writePodTemplate(config.pod, to: &writer)
            }
        }
        writeTasks(to: &writer)
        writeTimeouts(to: &writer)
        writeWorkspaces(to: &writer)
    }

    private func writeReference(to writer: inout JSONWriter) {
        let reference = spec.workflowRef
        if let resolver = reference.resolver {
            return writeResolver(resolver.name, resolver.parameters, to: &writer)
        }
        guard let image = reference.containerImage else {
            writer.member("name", reference.templateName)
            return
        }
        // The resolver's default kind is Task, so the kind is always sent.
        var parameters = [
            MapEntry(key: "bundle", value: BundleReference.text(image: image, digest: reference.containerDigest)),
            MapEntry(key: "name", value: reference.templateName), MapEntry(key: "kind", value: "pipeline"),
        ]
        // The credentials of a private registry: a Secret, or those of the account that runs the tasks.
        if let secret = reference.imagePullSecret { parameters.append(MapEntry(key: "secret", value: secret)) }
        if let account = spec.executionConfig.serviceAccountName {
            parameters.append(MapEntry(key: "serviceAccount", value: account))
        }
        writeResolver("bundles", parameters, to: &writer)
    }

    private func writeResolver(_ name: String, _ parameters: [MapEntry], to writer: inout JSONWriter) {
        writer.member("resolver", name)
        writer.parameters("params", parameters.map { Parameter(name: $0.key, value: $0.value) }, as: .native)
    }

    private func writeTasks(to writer: inout JSONWriter) {
        guard !spec.executionConfig.tasks.isEmpty else { return }
        writer.key("taskRunSpecs")
        writer.array { writer in
            for task in spec.executionConfig.tasks {
                writer.object { writer in
                    writer.member("pipelineTaskName", task.name)
                    writer.member("serviceAccountName", ifPresent: task.serviceAccountName)
                    writePodTemplate(task.pod, to: &writer)
                    if !task.requests.isEmpty || !task.limits.isEmpty {
                        writer.member("computeResources") { writer in
                            writer.members("requests", task.requests)
                            writer.members("limits", task.limits)
                        }
                    }
                    writer.member("timeout", ifPresent: task.timeoutSeconds.map { Duration.seconds($0).goText })
                }
            }
        }
    }

    private func writePodTemplate(_ pod: PodSettings?, to writer: inout JSONWriter) {
        guard let pod else { return }
        writer.member("podTemplate") { writer in
            writer.members("nodeSelector", pod.nodeSelector)
            PodManifest.writeTolerations(pod.tolerations, to: &writer)
            writer.member("priorityClassName", ifPresent: pod.priorityClassName)
            writer.member("runtimeClassName", ifPresent: pod.runtimeClassName)
            PodManifest.writePullSecrets(pod.imagePullSecrets, to: &writer)
            PodManifest.writeSecurityContext(pod.securityContext, to: &writer)
        }
    }

    private func writeTimeouts(to writer: inout JSONWriter) {
        let config = spec.executionConfig
        let timeouts = [
            ("pipeline", config.timeoutSeconds), ("tasks", config.tasksTimeoutSeconds),
            ("finally", config.finallyTimeoutSeconds),
        ]
        guard timeouts.contains(where: { $0.1 != nil }) else { return }
        writer.member("timeouts") { writer in
            for (name, seconds) in timeouts {
                writer.member(name, ifPresent: seconds.map { Duration.seconds($0).goText })
            }
        }
    }
}

/// The volumes of the workspaces.
extension PipelineRunManifest {
    private func writeWorkspaces(to writer: inout JSONWriter) {
        guard !spec.workspaces.isEmpty else { return }
        writer.key("workspaces")
        writer.array { writer in
            for workspace in spec.workspaces {
                writer.object { writer in
                    writer.member("name", workspace.name)
                    writer.member("subPath", ifPresent: workspace.subPath)
                    if let source = workspace.source { write(source, to: &writer) }
                }
            }
        }
    }

    private func write(_ source: Workspace.Source, to writer: inout JSONWriter) {
        switch source {
        case .claim(let name): writer.member("persistentVolumeClaim") { $0.member("claimName", name) }
        case .claimTemplate(let template):
            writer.member("volumeClaimTemplate") { writer in
                writer.member("spec") { write(template, to: &$0) }
            }
        case .emptyDirectory(let medium, let sizeLimit):
            writer.member("emptyDir") { writer in
                writer.member("medium", ifPresent: medium)
                writer.member("sizeLimit", ifPresent: sizeLimit)
            }
        case .configMap(let source): writer.member("configMap") { write(source, named: "name", to: &$0) }
        case .secret(let source): writer.member("secret") { write(source, named: "secretName", to: &$0) }
        case .projected(let projections):
            writer.member("projected") { writer in
                writer.key("sources")
                writer.array { writer in
                    for projection in projections { writer.object { write(projection, to: &$0) } }
                }
            }
        }
    }

    private func write(_ template: Workspace.ClaimTemplate, to writer: inout JSONWriter) {
        writer.key("accessModes")
        writer.strings(template.accessModes.isEmpty ? ["ReadWriteOnce"] : template.accessModes)
        writer.member("resources") { writer in
            writer.member("requests") { $0.member("storage", template.storage) }
        }
        writer.member("storageClassName", ifPresent: template.storageClassName)
    }

    /// A Secret's volume calls its name `secretName`; in a projected volume it is `name`.
    private func write(_ source: Workspace.FileSource, named nameKey: String, to writer: inout JSONWriter) {
        writer.member(nameKey, source.name)
        guard !source.items.isEmpty else { return }
        writer.key("items")
        writer.array { writer in
            for item in source.items {
                writer.object { writer in
                    writer.member("key", item.key)
                    writer.member("path", item.path)
                }
            }
        }
    }

    private func write(_ projection: Workspace.Projection, to writer: inout JSONWriter) {
        switch projection {
        case .configMap(let source): writer.member("configMap") { write(source, named: "name", to: &$0) }
        case .secret(let source): writer.member("secret") { write(source, named: "name", to: &$0) }
        }
    }
}

/// Formats the image reference of an OCI bundle for Tekton's bundles resolver.
enum BundleReference {
    /// The image as the user wrote it, or with the digest in place of the tag.
    ///
    /// A digest also lets Tekton cache the bundle. A colon before the last slash belongs to the registry's port.
    static func text(image: String, digest: String?) -> String {
        guard let digest else { return image }
        var repository = image.prefix { $0 != "@" }
        let lastSegment = repository.lastIndex(of: "/") ?? repository.startIndex
        if let colon = repository[lastSegment...].lastIndex(of: ":") { repository = repository[..<colon] }
        return "\(repository)@\(digest)"
    }
}
