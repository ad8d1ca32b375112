import KubeClient
import Operator
import TestSupport
import Testing

@testable import CEL

/// The expressions of the admission policies. The end-to-end tests compile them on an API server that has `authorizer`.
@Suite struct PolicyExpressionTests {
    static let files = ["deploy/policy/base/policy.yaml", "deploy/policy/runs/base/runs.yaml"]

    private func texts(_ file: String, _ list: String, _ field: String) throws -> [String] {
        let spec = try #require(Repository.documents(file).first?["spec"])
        return spec.list(list).compactMap { $0[field]?.stringValue }
    }

    private func expressions(_ file: String) throws -> [String] {
        try texts(file, "variables", "expression") + texts(file, "validations", "expression")
            + texts(file, "validations", "messageExpression")
    }

    @Test(arguments: files) func `every policy expression parses`(_ file: String) throws {
        #expect(try expressions(file).count >= 9)
        for expression in try expressions(file) {
            #expect(throws: Never.self, "\(expression)") { try CELParser.parse(expression) }
        }
        #expect(throws: CELError.self) { try CELParser.parse("this is (( no expression") }
    }

    /// Kubernetes 1.31 limits the cost of one expression, which two checks exhaust.
    @Test(arguments: files) func `no expression has more than two authorization checks`(_ file: String) throws {
        for expression in try expressions(file) {
            #expect(expression.matches(of: /[.]check[(]/).count <= 2, "\(expression)")
        }
    }

    @Test(arguments: files) func `every policy variable is defined before it is used`(_ file: String) throws {
        var known: Set<String> = []
        let names = try texts(file, "variables", "name")
        for (name, expression) in zip(names, try texts(file, "variables", "expression")) {
            let uses = expression.matches(of: /variables\.(\w+)/).map { String($0.1) }
            #expect(known.isSuperset(of: uses), "\(uses)")
            known.insert(name)
        }
        let used = try expressions(file).flatMap { $0.matches(of: /variables\.(\w+)/).map { String($0.1) } }
        #expect(Set(used) == known)
    }
}

/// Which changes of a run the policy for runs refuses to everyone but the operator.
@Suite struct RunPolicyExpressionTests {
    private let variables: [(name: String, program: CELProgram)]
    private let validations: [CELProgram]

    init() throws {
        let spec = try #require(Repository.documents("deploy/policy/runs/base/runs.yaml").first?["spec"])
        let scope = ["object", "oldObject", "variables"].map { (name: $0, type: CELType.dyn) }
        // The evaluator has no `authorizer`, so the test provides the value of the only variable with a check.
        variables = try spec.list("variables").filter { $0["name"] != "isOperator" }.map { variable in
            let expression = try #require(variable["expression"]?.stringValue)
            return (try #require(variable["name"]?.stringValue), try CELProgram(expression, variables: scope))
        }
        validations = try spec.list("validations").map {
            try CELProgram(try #require($0["expression"]?.stringValue), variables: scope)
        }
    }

    private func isAllowed(_ run: JSONValue, from old: JSONValue = .null, isOperator: Bool = false) throws -> Bool {
        var budget = CELBudget()
        var known = [CELEntry(key: .string("isOperator"), value: .bool(isOperator))]
        func value(of program: CELProgram) throws -> CELValue {
            try program.evaluate(
                [("object", CELValue(run)), ("oldObject", CELValue(old)), ("variables", .map(known))], budget: &budget)
        }
        for variable in variables {
            known.append(CELEntry(key: .string(variable.name), value: try value(of: variable.program)))
        }
        return try validations.allSatisfy {
            guard case .bool(let isValid) = try value(of: $0) else {
                Issue.record("a validation is no boolean")
                return false
            }
            return isValid
        }
    }

    private func run(label: String? = nil, _ owners: [JSONValue]? = nil) -> JSONValue {
        var run: JSONValue = ["metadata": ["name": "r"]]
        if let label { run[path: ["metadata", "labels"]] = ["a": "b", "towline.dev/execution-uid": .string(label)] }
        if let owners { run[path: ["metadata", "ownerReferences"]] = .array(owners) }
        return run
    }

    private func owner(
        _ uid: String = "u-1", controller: Bool? = true, blocks: Bool? = true,
        apiVersion: String = "towline.dev/v1alpha1",
        kind: String = "WorkflowExecution"
    ) -> JSONValue {
        var owner: JSONValue = [
            "apiVersion": .string(apiVersion), "kind": .string(kind), "name": "e", "uid": .string(uid),
        ]
        if let controller { owner["controller"] = .bool(controller) }
        if let blocks { owner["blockOwnerDeletion"] = .bool(blocks) }
        return owner
    }

    private var parent: JSONValue { owner("p", apiVersion: "tekton.dev/v1", kind: "PipelineRun") }

    @Test func `a new run may claim nothing`() throws {
        #expect(try isAllowed(run()))
        #expect(try isAllowed(["metadata": ["name": "r", "labels": ["a": "b"]]]))
        #expect(try isAllowed(run([owner(apiVersion: "v1", kind: "ConfigMap")])))
        #expect(try isAllowed(run([owner(apiVersion: "example.com/v1")])))
        for claim in [
            run(label: "u-1"), run([owner()]), run(label: "u-1", [owner()]), run([owner(controller: false)]),
            run([owner(controller: nil, blocks: nil)]), run([owner(apiVersion: "towline.dev/v2")]),
            run([parent, owner(controller: false)]), run(label: "u-1", [parent, owner(controller: false)]),
            run(label: "u-1", [owner("p", controller: false, apiVersion: "tekton.dev/v1", kind: "PipelineRun")]),
            run(label: "u-1", [owner("p", controller: nil, apiVersion: "tekton.dev/v1", kind: "PipelineRun")]),
            run(label: "u-1", [owner("p", apiVersion: "tekton.dev.example.com/v1", kind: "PipelineRun")]),
        ] {
            #expect(try !isAllowed(claim), "\(claim.encodedString)")
            #expect(try isAllowed(claim, isOperator: true), "\(claim.encodedString)")
        }
    }

    @Test func `a change may add no claim`() throws {
        let own = run(label: "u-1", [owner()])
        for (new, old) in [
            (run(label: "u-1"), run()), (run(label: "u-2"), run(label: "u-1")), (run([owner()]), run()),
            (run([owner()]), run([])), (run([owner("u-2")]), run([owner("u-1")])),
            (run([owner()]), run([owner(controller: false)])), (run([owner()]), run([owner(controller: nil)])),
            (run([owner()]), run([owner(apiVersion: "v1", kind: "ConfigMap")])),
            (
                run([owner("u-1", controller: false), owner("u-2")]),
                run([owner("u-1"), owner("u-2", controller: false)])
            ),
            (run(label: "u-2", [owner()]), own), (run(label: "u-1", [owner(), owner("u-2", controller: false)]), own),
        ] {
            #expect(try !isAllowed(new, from: old), "\(new.encodedString)")
            #expect(try isAllowed(new, from: old, isOperator: true), "\(new.encodedString)")
        }
    }

    @Test func `an unchanged or weaker claim passes`() throws {
        let own = run(label: "u-1", [owner()])
        for new in [
            own, run(label: "u-1"), run([owner()]), run(), run(label: "", [owner()]),
            // The garbage collector clears the first field when it resolves a cycle of foreground deletions.
            run(label: "u-1", [owner(blocks: false)]), run(label: "u-1", [owner(blocks: nil)]),
            run(label: "u-1", [owner(controller: false)]), run(label: "u-1", [owner(apiVersion: "towline.dev/v1")]),
            run(label: "u-1", [owner("x", controller: nil, apiVersion: "v1", kind: "ConfigMap"), owner()]),
        ] {
            #expect(try isAllowed(new, from: own), "\(new.encodedString)")
        }
    }

    /// Tekton copies all labels of a PipelineRun to the PipelineRuns that its tasks start.
    @Test func `a PipelineRun that another one controls keeps its copied label`() throws {
        #expect(try isAllowed(run(label: "u-1", [parent])))
        #expect(try isAllowed(run(label: "u-1", [parent]), from: run([parent])))
    }

    /// Anyone who may write the status of executions can forge results without a run.
    @Test func `the operator is who may write the status of executions`() throws {
        let spec = try #require(Repository.documents("deploy/policy/runs/base/runs.yaml").first?["spec"])
        let check = spec.list("variables").first { $0["name"] == "isOperator" }?["expression"]?.stringValue
        #expect(
            check == "authorizer.group('towline.dev').resource('workflowexecutions').subresource('status') "
                + ".namespace(request.namespace).check('patch').allowed()")
        #expect(
            Permission.all.contains {
                $0.qualifiedResource == "workflowexecutions.towline.dev/status" && $0.verbs.contains(.patch)
            })
        for role in ["view", "edit", "admin"] {
            let rules = try #require(Repository.documents("deploy/base/rbac/users/\(role)-clusterrole.yaml").first)
            for rule in rules.list("rules") {
                #expect(
                    rule.texts("resources").allSatisfy({ ["workflowexecutions", "workflowdefinitions"].contains($0) }),
                    "\(role)")
            }
        }
    }
}
