extension ExecutionSpec {
    /// The largest spec that a store keeps whole, in bytes of memory.
    ///
    /// JSON is no measure for it: an empty text takes 3 bytes there and 16 in memory, and the settings of a task take
    /// 11 bytes there and 400 in memory.
    static let largestStored = 8 << 10

    /// The memory that the spec uses, in bytes: an estimate from the layouts of its types, which includes the unused
    /// capacity of arrays.
    var memorySize: Int {
        let reference = [
            workflowRef.version, workflowRef.name, workflowRef.containerImage, workflowRef.containerDigest,
            workflowRef.imagePullSecret, workflowRef.resolver?.name,
        ]
        let others = [
            workflowRef.workflowId, scheduling?.queueName, scheduling?.priorityClass, remediationRequestRef?.kind,
            remediationRequestRef?.name, remediationRequestRef?.namespace, executionConfig.serviceAccountName,
            executionConfig.entrypoint,
        ]
        var size = MemoryLayout<ExecutionSpec>.size
        size += (reference + others).reduce(0) { $0 + Memory.of($1) }
        size += Memory.of(workflowRef.resolver?.parameters)
        size += Memory.of(parameters) { Memory.of($0.name) + $0.value.memorySize }
        size += Memory.of(workspaces) { Memory.of($0.name) + Memory.of($0.subPath) + ($0.source?.memorySize ?? 0) }
        size += Memory.of(runLabels)
        size += Memory.of(unknownValues) { Memory.of($0.field) + Memory.of($0.message) }
        size += executionConfig.pod?.memorySize ?? 0
        size += Memory.of(executionConfig.tasks) { task in
            Memory.of(task.name) + Memory.of(task.serviceAccountName) + (task.pod?.memorySize ?? 0)
                + Memory.of(task.requests) + Memory.of(task.limits)
        }
        return size
    }
}

extension ParameterValue {
    fileprivate var memorySize: Int {
        switch self {
        case .string(let text): Memory.of(text)
        case .array(let elements): Memory.of(elements) { Memory.of($0) }
        case .object(let entries): Memory.of(entries)
        }
    }
}

extension Workspace.Source {
    fileprivate var memorySize: Int {
        switch self {
        case .claim(let name): Memory.of(name)
        case .claimTemplate(let template):
            Memory.of(template.storageClassName) + Memory.of(template.storage)
                + Memory.of(template.accessModes) { Memory.of($0) }
        case .emptyDirectory(let medium, let limit): Memory.of(medium) + Memory.of(limit)
        case .configMap(let source), .secret(let source): source.memorySize
        case .projected(let projections):
            Memory.of(projections) { projection in
                switch projection {
                case .configMap(let source), .secret(let source): source.memorySize
                }
            }
        }
    }
}

extension Workspace.FileSource {
    fileprivate var memorySize: Int {
        Memory.of(name) + Memory.of(items) { Memory.of($0.key) + Memory.of($0.path) }
    }
}

extension PodSettings {
    fileprivate var memorySize: Int {
        Memory.of(nodeSelector) + Memory.of(priorityClassName) + Memory.of(runtimeClassName)
            + Memory.of(imagePullSecrets) { Memory.of($0) }
            + Memory.of(tolerations) {
                Memory.of($0.key) + Memory.of($0.operator) + Memory.of($0.value) + Memory.of($0.effect)
            }
    }
}

/// The memory that values use outside their own layout, in bytes.
private enum Memory {
    /// The header of a heap object, and what the allocator adds.
    private static let header = 48

    /// Texts of up to 15 bytes are stored in place.
    static func of(_ text: String?) -> Int {
        guard let count = text?.utf8.count, count > 15 else { return 0 }
        return header + count
    }

    static func of<Element>(_ elements: [Element], _ size: (Element) -> Int) -> Int {
        guard elements.capacity > 0 else { return 0 }
        return header + elements.capacity * MemoryLayout<Element>.stride + elements.reduce(0) { $0 + size($1) }
    }

    static func of(_ entries: [MapEntry]?) -> Int {
        entries.map { of($0) { of($0.key) + of($0.value) } } ?? 0
    }
}
