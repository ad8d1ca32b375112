import KubeClient
import Testing

@testable import CEL

/// The health expressions of docs/gitops.md, evaluated as Flux does it.
@Suite struct HealthExpressionTests {
    private struct Unbound: Error {}

    /// The entries of all `healthCheckExprs` that the page shows, in their order.
    private func entries() throws -> [JSONValue] {
        try Markdown(path: "docs/gitops.md").blocks(of: "yaml").filter { $0.contains("healthCheckExprs") }.map { text in
            let document = try #require(YAML.documents(Array(text.utf8), source: "docs/gitops.md").first)
            return try #require(document["healthCheckExprs"]?[0])
        }
    }

    /// Whether the expression holds; every top-level member of the object is a variable.
    private func holds(_ expression: String, for object: JSONValue) throws -> Bool {
        let variables = (object.objectValue?.members ?? []).compactMap { member in
            member.value.objectValue.map { (name: member.key, value: CELValue.object($0, nil)) }
        }
        var budget = CELBudget()
        let program = try CELProgram(expression, variables: variables.map { ($0.name, .dyn) })
        guard case .bool(let result) = try program.evaluate(variables, budget: &budget) else { throw Unbound() }
        return result
    }

    /// An older observation is in progress; then the first expression that holds decides, in this order.
    private func status(of object: JSONValue, by entry: JSONValue) throws -> KStatus {
        guard object[path: ["status", "observedGeneration"]] == object[path: ["metadata", "generation"]] else {
            return .inProgress
        }
        for (name, status) in [("inProgress", KStatus.inProgress), ("failed", .failed), ("current", .current)] {
            if let expression = entry[name]?.stringValue, try holds(expression, for: object) { return status }
        }
        return .inProgress
    }

    @Test func theyMeanWhatThePageSays() throws {
        let entries = try entries()
        try #require(entries.count == 2)
        for state in ExecutionState.all where !state.isDeleted {
            let plain = KStatus(of: state.object)
            #expect(try status(of: state.object, by: entries[1]) == plain, "\(state)")
            let forgiven = plain == .failed && state.status.outcome == .cancelled
            #expect(try status(of: state.object, by: entries[0]) == (forgiven ? .current : plain), "\(state)")
        }
    }
}
