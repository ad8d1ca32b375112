import KubeClient
import TestSupport
import Testing
import TowlineAPI

@testable import CEL

@Suite struct KStatusTests {
    @Test func `kstatus reports every state of an environment correctly`() {
        for state in EnvironmentState.all { #expect(KStatus(of: state.object) == state.kstatus, "\(state)") }
    }

    @Test func `kstatus reports every state correctly`() {
        for state in ExecutionState.all {
            #expect(KStatus(of: state.object) == (state.isDeleted ? .terminating : state.verdict.kstatus), "\(state)")
        }
    }

    /// The status of an execution that was just created.
    private func defaultStatus() throws -> JSONValue {
        let definition = try #require(Repository.documents("crds/towline.dev_workflowexecutions.yaml").first)
        let schema = definition[path: ["spec", "versions"]]?[0]?[path: ["schema", "openAPIV3Schema", "properties"]]
        return try #require(schema?["status"]?["default"])
    }

    @Test func `a new execution is InProgress because of the schema's default`() throws {
        var object = try #require(ExecutionState.all.first).object
        object["status"] = try defaultStatus()
        #expect(KStatus(of: object) == .inProgress)
        // Without the default it would be current.
        object["status"] = nil
        #expect(KStatus(of: object) == .current)
    }

    /// The rules themselves, for statuses of other controllers.
    @Test(
        arguments: [
            (#"{"conditions":[{"type":"Succeeded","status":"False"}]}"#, .current),
            (#"{"conditions":[{"type":"Ready","status":"Unknown"}]}"#, .inProgress),
            (#"{"conditions":[{"type":"Ready","status":"False"},{"type":"Stalled","status":"False"}]}"#, .inProgress),
            (#"{"conditions":[{"type":"Stalled","status":"True"},{"type":"Reconciling","status":"True"}]}"#, .failed),
            (
                #"{"conditions":[{"type":"Reconciling","status":"True"},{"type":"Stalled","status":"True"}]}"#,
                .inProgress
            ),
            (#"{"observedGeneration":0,"conditions":[{"type":"Ready","status":"True"}]}"#, .inProgress),
            (#"{"observedGeneration":1,"conditions":[{"type":"Ready","status":"True"}]}"#, .current),
        ] as [(String, KStatus)])
    func `follows the rules of the library`(_ status: String, _ expected: KStatus) throws {
        let object: JSONValue = ["metadata": ["generation": 1], "status": try JSONValue(parsing: status)]
        #expect(KStatus(of: object) == expected)
    }
}

/// The status that kstatus reports for an object of a custom resource.
///
/// The library, which Flux and Helm 4 use, reads the deletion timestamp, the observed generation, the conditions
/// `Reconciling` and `Stalled`, and then `Ready`. An object without any of these is current.
enum KStatus: String, Sendable {
    case inProgress = "InProgress"
    case failed = "Failed"
    case current = "Current"
    case terminating = "Terminating"

    init(of object: JSONValue) {
        let conditions = object[path: ["status", "conditions"]]?.arrayValue ?? []
        if object[path: ["metadata", "deletionTimestamp"]]?.stringValue?.isEmpty == false {
            self = .terminating
        } else if let observed = object[path: ["status", "observedGeneration"]]?.integerValue,
            let generation = object[path: ["metadata", "generation"]]?.integerValue, observed != generation
        {
            self = .inProgress
        } else {
            // The first of the two in the list takes precedence.
            self = conditions.lazy.compactMap(Self.abnormal).first ?? Self.readiness(conditions)
        }
    }

    private static func abnormal(_ condition: JSONValue) -> KStatus? {
        guard condition["status"] == "True" else { return nil }
        switch condition["type"]?.stringValue {
        case "Reconciling": return .inProgress
        case "Stalled": return .failed
        default: return nil
        }
    }

    private static func readiness(_ conditions: [JSONValue]) -> KStatus {
        guard let ready = conditions.first(where: { $0["type"] == "Ready" }) else { return .current }
        return ready["status"] == "True" ? .current : .inProgress
    }
}

/// The health expressions in docs/gitops.md, evaluated as Flux does.
@Suite struct HealthExpressionTests {
    private struct Unbound: Error {}

    /// The entries of all `healthCheckExprs` on the page, in order.
    private func entries() throws -> [JSONValue] {
        try Markdown(path: "docs/gitops.md").blocks(of: "yaml").filter { $0.contains("healthCheckExprs") }.map { text in
            let document = try #require(YAML.documents(Array(text.utf8), source: "docs/gitops.md").first)
            return try #require(document["healthCheckExprs"]?[0])
        }
    }

    /// The value of the expression; every top-level member of the object is a variable.
    private func holds(_ expression: String, for object: JSONValue) throws -> Bool {
        let variables = (object.objectValue?.members ?? []).compactMap { member in
            member.value.objectValue.map { (name: member.key, value: CELValue.object($0, nil)) }
        }
        var budget = CELBudget()
        let program = try CELProgram(expression, variables: variables.map { ($0.name, .dyn) })
        guard case .bool(let result) = try program.evaluate(variables, budget: &budget) else { throw Unbound() }
        return result
    }

    /// InProgress for an older observed generation; then the first true expression, in this order.
    private func status(of object: JSONValue, by entry: JSONValue) throws -> KStatus {
        guard object[path: ["status", "observedGeneration"]] == object[path: ["metadata", "generation"]] else {
            return .inProgress
        }
        for (name, status) in [("inProgress", KStatus.inProgress), ("failed", .failed), ("current", .current)] {
            if let expression = entry[name]?.stringValue, try holds(expression, for: object) { return status }
        }
        return .inProgress
    }

    @Test func `the expressions mean what the page says`() throws {
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
