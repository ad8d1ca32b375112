import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// The schemas of environments and lifecycles in `crds/` must match the types, each other, and the schema of definitions.
@Suite struct EnvironmentSchemaTests {
    private let environments: ProjectSchema
    private let lifecycles: ProjectSchema
    private let definitions: ProjectSchema
    private let executions: ProjectSchema

    init() throws {
        environments = try ProjectSchema(of: Environment.resourceType)
        lifecycles = try ProjectSchema(of: Lifecycle.resourceType)
        definitions = try ProjectSchema(of: WorkflowDefinition.resourceType)
        executions = try ProjectSchema(of: WorkflowExecution.resourceType)
    }

    @Test func `words are the same in the schema and the types`() throws {
        #expect(try environments.words("status.phase") == EnvironmentPhase.allCases.map(\.rawValue))
        #expect(Set(try environments.words("status.phases.[].state")) == Set(PhaseState.allCases.map(\.rawValue)))
        #expect(try environments.words("status.phases.[].outcome") == Outcome.allCases.map(\.rawValue))
        #expect(try environments.words("status.phases.[].resolved.engine") == EngineName.allCases.map(\.rawValue))
        let retried = try environments.words("spec.lifecycle.phases.[].retry.onOutcomes.[]")
        #expect(Set(retried) == Set(Outcome.allCases.map(\.rawValue)).subtracting(["Success"]))
    }

    @Test func `the schema allows exactly the transitions of the type`() {
        let phases = EnvironmentPhase.allCases
        for old in phases {
            let next = phases.filter { $0 != old && old.mayBecome($0) }.map(\.rawValue)
            #expect(Set(next) == Set(EnvironmentStatusCases.transitions[old.rawValue] ?? []), "\(old)")
        }
    }

    @Test func `every field is documented and bounded`() throws {
        try environments.checkFields(at: "spec")
        try environments.checkFields(at: "status")
        try lifecycles.checkFields(at: "spec")
    }

    @Test func `kubectl explain states every bound`() throws {
        try environments.checkStatedBounds(at: "spec")
        try lifecycles.checkStatedBounds(at: "spec")
    }

    @Test func `every selectable field exists, and every column but that of a condition`() throws {
        for schema in [environments, lifecycles] {
            for list in ["additionalPrinterColumns", "selectableFields"] {
                for entry in try #require(schema.version[list]?.arrayValue) {
                    let path = try #require(entry["jsonPath"]?.stringValue)
                    if !path.hasPrefix(".metadata."), !path.hasPrefix(".status.conditions[") {
                        #expect(throws: Never.self) { try schema.field(String(path.dropFirst())) }
                    }
                }
            }
        }
    }

    /// A Lifecycle and an inline lifecycle have the same fields with the same bounds.
    @Test func `phases are the same in both kinds`() throws {
        for field in ["phases", "readyAfter", "onFailure"] {
            let (own, inline) = try (lifecycles.field("spec.\(field)"), environments.field("spec.lifecycle.\(field)"))
            #expect(withoutMessages(own) == withoutMessages(inline))
        }
    }

    /// A schema with `spec` for `spec.lifecycle` in the messages of its rules.
    private func withoutMessages(_ schema: JSONValue) -> String {
        schema.encodedString.replacing("spec.lifecycle.phases", with: "spec.phases")
    }

    /// Otherwise an environment could not name a definition or a lifecycle.
    @Test func `names and versions have the same form everywhere`() throws {
        for field in ["name", "version"] {
            let expected = try definitions.field("spec.\(field)")
            for other in try [
                lifecycles.field("spec.\(field)"), environments.field("spec.lifecycleRef.\(field)"),
                environments.field("spec.lifecycle.phases.[].workflow.\(field)"),
            ] {
                for keyword in ["minLength", "maxLength", "pattern"] { #expect(other[keyword] == expected[keyword]) }
            }
        }
    }

    /// Otherwise the status could not record what was read.
    @Test func `the status has the bounds of what it records`() throws {
        let recorded = try environments.field("status.lifecycle")
        let declared = try environments.field("spec.lifecycle")
        for name in ["phases", "readyAfter", "onFailure"] {
            try checkBounds(#require(recorded["properties"]?[name]), #require(declared["properties"]?[name]), name)
        }
        let resolved = try executions.field("status.resolved")
        var own = try environments.field("status.phases.[].resolved")
        #expect(
            try environments.field("status.phases.[].resolved.declared")["maxItems"]
                == definitions.field("spec.parameters")["maxItems"])
        own[path: ["properties", "declared"]] = nil
        try checkBounds(own, resolved, "resolved")
    }

    /// The fields and bounds of `recorded` are those of `declared`, except for `tasks`, which is never read.
    private func checkBounds(_ recorded: JSONValue, _ declared: JSONValue, _ path: String) throws {
        for keyword in ["type", "maxLength", "maxItems", "maxProperties", "enum"] where !path.hasSuffix("steps[]") {
            #expect(recorded[keyword] == declared[keyword], "\(path) \(keyword)")
        }
        let names = Set(declared["properties"]?.objectValue?.map(\.key) ?? []).subtracting(["tasks"])
        #expect(Set(recorded["properties"]?.objectValue?.map(\.key) ?? []) == names, "\(path)")
        for name in names {
            try checkBounds(
                #require(recorded["properties"]?[name]), #require(declared["properties"]?[name]), "\(path).\(name)")
        }
        if let items = declared["items"] { try checkBounds(#require(recorded["items"]), items, path + "[]") }
    }
}
