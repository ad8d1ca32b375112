import KubeClient
import TestSupport
import Testing

/// Writes of lifecycles and environments that the API server must accept or refuse, with strict validation.
@Suite struct EnvironmentRulesTests {
    private static let strict = WriteOptions(fieldValidation: .strict, dryRun: true)

    private func type(_ kind: SchemaCase.Kind) -> ResourceType {
        ResourceType(group: "towline.dev", version: "v1alpha1", plural: kind.plural, kind: kind.rawValue)
    }

    /// Does a write; nothing is stored, except what an update starts from.
    private func perform(_ write: SchemaCase, _ name: String, _ workspace: Workspace) async throws {
        let type = type(write.kind)
        guard write.old != nil || write.part == .status else {
            _ = try await workspace.access.client.create(
                type, namespace: workspace.namespace, body: write.object(write.new, named: name).encoded, Self.strict,
                decoding: ClusterAccess.tree)
            return
        }
        let stored = try write.object(write.old ?? "{observedGeneration: -1, phase: Pending}", named: name)
        let key = ObjectKey(namespace: workspace.namespace, name: try #require(stored.name))
        let subresource = write.part == .status ? "status" : nil
        try await workspace.access.create(type, workspace.namespace, stored)
        if let status = stored["status"] {
            try await workspace.access.merge(
                type, workspace.namespace, key.name, ["status": status], subresource: subresource)
        }
        let value = try #require(try write.object(write.new, named: name)[write.part.rawValue])
        let change: JSONValue = [["op": "add", "path": .string("/\(write.part.rawValue)"), "value": value]]
        let result: Result<JSONValue, KubeError>
        do {
            result = .success(
                try await workspace.access.client.patch(
                    type, key, subresource: subresource, .json(change.encoded), Self.strict,
                    decoding: ClusterAccess.tree))
        } catch {
            result = .failure(error)
        }
        try await workspace.access.delete(type, workspace.namespace, key.name)
        _ = try result.get()
    }

    private func check(_ writes: [SchemaCase]) async throws {
        let workspace = try await Workspace.make("rules")
        for (index, write) in writes.enumerated() {
            do {
                try await perform(write, "pr-\(index)", workspace)
                #expect(write.message == nil, "accepted: \(write)")
            } catch let error as KubeError {
                let message = write.message ?? "no error"
                #expect("\(error)".contains(message), "\(write): \(error)")
            }
        }
    }

    @Test(arguments: SchemaCase.Kind.allCases)
    func `accepts or refuses phases by their rules`(_ kind: SchemaCase.Kind) async throws {
        try await check(PhaseCases.creates(kind) + PhaseCases.updates(kind))
    }

    @Test func `accepts or refuses specs by their rules`() async throws { try await check(EnvironmentCases.all) }

    @Test func `accepts or refuses statuses by their rules`() async throws {
        try await check(EnvironmentStatusCases.all)
    }
}
