import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

// MARK: - The catalog

extension EnvironmentReconciler {
    /// Reads the Lifecycle that the environment names.
    func readLifecycle(_ id: DefinitionID, in reconciliation: inout Reconciliation) async {
        reconciliation.facts.lifecycle = await read(
            Lifecycle.resourceType, id.objectName, in: reconciliation, decoding: Lifecycle.decoder)
    }

    /// Reads a definition that a phase names.
    func readDefinition(_ id: DefinitionID, in reconciliation: inout Reconciliation) async {
        guard reconciliation.facts.definitions[id] == nil else { return }
        reconciliation.facts.definitions[id] = await read(
            WorkflowDefinition.resourceType, id.objectName, in: reconciliation, decoding: WorkflowDefinition.decoder)
    }

    private func read<Object>(
        _ type: ResourceType, _ name: String, in reconciliation: Reconciliation,
        decoding decoder: @escaping ObjectDecoder<Object>
    ) async -> EnvironmentFacts.Lookup<Object> {
        let key = ObjectKey(namespace: reconciliation.environment.key.namespace, name: name)
        do {
            return .found(try await client.get(type, key, decoding: decoder))
        } catch {
            if error.isNotFoundObject { return .missing }
            reconciliation.logger.debug(
                "Could not read an object", ["name": .own(name), "error": .foreign("\(error)")])
            let title = "\(type.kind) \(name)"
            if error.isPlainNotFound {
                return .failed(
                    .apiUnavailable,
                    message:
                        "The API server does not serve \(type.plural).\(type.group): \(WellKnown.definitionRemedy)",
                    retryAfter: .zero)
            }
            if error.code == 403, !error.isTransient {
                return .failed(
                    .forbidden,
                    message: """
                        \(title) could not be read: \(error). Grant the operator the verb get on \
                        \(type.plural).\(type.group) in this namespace.
                        """, retryAfter: .zero)
            }
            return .failed(
                .apiUnavailable, message: "\(title) could not be read: \(error)", retryAfter: error.retryAfter ?? .zero)
        }
    }
}

// MARK: - Executions

extension EnvironmentReconciler {
    /// Reads the execution with this name.
    func readExecution(_ name: String, in reconciliation: inout Reconciliation) async {
        reconciliation.facts.executions[name] = await read(
            WorkflowExecution.resourceType, name, in: reconciliation, decoding: PhaseExecutionState.decoder)
    }

    /// Creates the execution of an attempt.
    func create(_ execution: PhaseExecution, in reconciliation: inout Reconciliation) async {
        do {
            let created = try await client.create(
                WorkflowExecution.resourceType, namespace: execution.environment.namespace, body: execution.body,
                WriteOptions(fieldManager: WellKnown.fieldManager), decoding: PhaseExecutionState.decoder)
            reconciliation.facts.executions[execution.name] = .found(created)
            reconciliation.logger.info(
                "Created the execution of a phase",
                ["phase": .own(execution.phase), "execution": .own(execution.name)])
        } catch {
            reconciliation.facts.createFailures[execution.name] = CreateFailure(error, creating: .execution)
            reconciliation.logger.warn(
                "Could not create the execution of a phase",
                ["phase": .own(execution.phase), "execution": .own(execution.name), "error": .foreign("\(error)")])
        }
    }

    /// Finds out whether the namespace is being deleted, with a create that is not carried out.
    func probeNamespace(_ execution: PhaseExecution, in reconciliation: inout Reconciliation) async {
        do {
            _ = try await client.create(
                WorkflowExecution.resourceType, namespace: execution.environment.namespace, body: execution.body,
                WriteOptions(fieldManager: WellKnown.fieldManager, dryRun: true), decoding: PhaseExecutionState.decoder)
            reconciliation.facts.isNamespaceTerminating = false
        } catch {
            let reason = CreateFailure(error, creating: .execution).reason
            reconciliation.facts.isNamespaceTerminating = reason == .namespaceTerminating
        }
    }

    /// Asks for the stop of an execution.
    func stop(_ execution: WorkflowExecution, _ kind: Shutdown, in reconciliation: inout Reconciliation) async {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("metadata") { writer in
                writer.member("uid", execution.uid)
                writer.member("resourceVersion", execution.resourceVersion.text)
            }
            writer.member("spec") { $0.member("shutdown", kind.rawValue) }
        }
        let name = execution.key.name
        do {
            _ = try await client.patch(
                WorkflowExecution.resourceType, execution.key, .merge(writer.bytes),
                WriteOptions(fieldManager: WellKnown.fieldManager), decoding: PhaseExecutionState.decoder)
            reconciliation.facts.stops[name] = kind
            reconciliation.logger.info(
                "Asked for the stop of an execution", ["execution": .own(name), "shutdown": .own(kind.rawValue)])
        } catch {
            if error.isConflict || error.isNotFoundObject(named: name) {
                // It has changed, or no longer exists.
                reconciliation.facts.executions[name] = nil
                return
            }
            reconciliation.facts.stopFailure = ("\(error)", error.retryAfter ?? .zero)
            reconciliation.logger.warn(
                "Could not stop an execution", ["execution": .own(name), "error": .foreign("\(error)")])
        }
    }

    /// Deletes the execution of an old attempt, if it belongs to the environment. If that fails, it is kept.
    func deleteOld(_ name: String, in reconciliation: inout Reconciliation) async {
        reconciliation.facts.deletedOld.insert(name)
        let environment = reconciliation.environment
        let key = ObjectKey(namespace: environment.key.namespace, name: name)
        do {
            let type = WorkflowExecution.resourceType
            let old = try await client.get(type, key, decoding: PhaseExecutionState.decoder)
            guard old.environmentUID == environment.uid, old.execution.isFinished else { return }
            try await client.delete(type, key, DeleteOptions(uid: old.execution.uid, propagation: .background))
        } catch {
            if error.isNotFoundObject(named: name) { return }
            reconciliation.logger.warn(
                "Could not delete the execution of an old attempt",
                ["execution": .own(name), "error": .foreign("\(error)")])
        }
    }
}
