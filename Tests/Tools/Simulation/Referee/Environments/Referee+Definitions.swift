import KubeClient

/// Checks executions that name a definition of the catalog.
extension Referee {
    /// The key of the definition that an execution names.
    static func definition(of execution: JSONValue, _ namespace: String) -> ObjectKey? {
        guard let text = execution["spec"]?["workflowRef"]?["definition"]?.stringValue else { return nil }
        return ObjectKey(namespace: namespace, name: text.replacing("@", with: "-"))
    }

    /// Checks the creation of a run: its definition existed, was recorded, accepts the parameters, and is what runs.
    func checkDefinition(of run: Change, _ uid: String) {
        guard let entry = executions[uid], let execution = server.current(.executions, entry.key), execution.uid == uid,
            let key = Self.definition(of: execution.object, entry.key.namespace)
        else { return }
        if let problem = definitionProblem(run, execution.object, key) { fail("run \(run.key): \(problem)") }
    }

    private func definitionProblem(_ run: Change, _ execution: JSONValue, _ key: ObjectKey) -> String? {
        let sent = run.sent ?? server.time.now
        guard catalog.values.contains(where: { $0.kind == .definitions && $0.key == key && $0.created <= sent }) else {
            return "it was created before the definition \(key.name) existed"
        }
        guard let resolved = execution["status"]?["resolved"] else { return "it was created before it was resolved" }
        guard let entry = catalog[resolved["definitionUID"]?.stringValue ?? ""], entry.key == key else {
            return "status.resolved names an unknown definition"
        }
        if !definitionAccepts(entry, execution) { return "it was created with invalid parameters" }
        let name =
            run.kind == .workflows
            ? run.object["spec"]?["workflowTemplateRef"]?["name"] : run.object["spec"]?["pipelineRef"]?["name"]
        return name == entry.spec["ref"]?["name"]
            ? nil : "it runs \(name ?? .null), not \(entry.spec["ref"]?["name"] ?? .null)"
    }

    private func definitionAccepts(_ entry: CatalogRecord, _ execution: JSONValue) -> Bool {
        let definition = DefinitionDocument(entry.spec)
        var given: [String: String] = [:]
        for member in execution["spec"]?["parameters"]?.objectValue ?? JSONObject() {
            given[member.key] = member.value.stringValue
        }
        return definition.accepts(given) && Set(definition.parameters.map(\.name)).isSuperset(of: given.keys)
    }

    /// When the definition of an execution came into existence: `.none` if it does not exist, `.some(nil)` if the
    /// execution needs none.
    func definitionAvailable(_ entry: ExecutionRecord) -> ContinuousClock.Instant?? {
        guard let execution = server.current(.executions, entry.key), execution.uid == entry.uid,
            let key = Self.definition(of: execution.object, entry.key.namespace),
            execution.object["status"]?["resolved"] == nil
        else { return .some(nil) }
        guard let definition = server.current(.definitions, key), let record = catalog[definition.uid] else {
            return .none
        }
        return .some(record.created)
    }

    /// Whether a definition that existed under the name refuses the parameters of an execution.
    func isRefusedByDefinition(_ execution: Change) -> Bool {
        guard let key = Self.definition(of: execution.object, execution.key.namespace) else { return false }
        return catalog.values.contains {
            $0.kind == .definitions && $0.key == key && !definitionAccepts($0, execution.object)
        }
    }
}
