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

    /// The API server evaluates messages without the authorizer; the author would only see the fixed message.
    @Test(arguments: files) func `no message depends on an authorization check`(_ file: String) throws {
        func uses(_ expression: String) -> [String] {
            expression.matches(of: /variables\.(\w+)/).map { String($0.1) }
        }
        var dependent: Set<String> = []
        for (name, expression) in zip(
            try texts(file, "variables", "name"), try texts(file, "variables", "expression"))
        where expression.contains("authorizer.") || !dependent.isDisjoint(with: uses(expression)) {
            dependent.insert(name)
        }
        #expect(!dependent.isEmpty)
        for message in try texts(file, "validations", "messageExpression") {
            #expect(dependent.isDisjoint(with: uses(message)), "\(message)")
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

/// The expressions of a policy, without those that ask the authorizer, which the evaluator does not have.
struct PolicyExpressions {
    private let variables: [(name: String, program: CELProgram)]
    private let validations: [CELProgram]

    init(_ file: String) throws {
        let spec = try #require(Repository.documents(file).first?["spec"])
        let scope = ["object", "oldObject", "request", "variables"].map { (name: $0, type: CELType.dyn) }
        func program(_ value: JSONValue) throws -> CELProgram? {
            let expression = try #require(value["expression"]?.stringValue)
            return expression.contains("authorizer.") ? nil : try CELProgram(expression, variables: scope)
        }
        variables = try spec.list("variables").compactMap { variable in
            try program(variable).map { (variable["name"]?.stringValue ?? "", $0) }
        }
        validations = try spec.list("validations").compactMap(program)
    }

    /// The values of the variables, and whether every validation holds. `authorized` has the variables that ask the authorizer.
    func values(
        for object: JSONValue, from old: JSONValue = .null, resource: String, authorized: [String: Bool]
    ) throws -> (variables: [String: CELValue], isValid: Bool) {
        var budget = CELBudget()
        var known = authorized.map { CELEntry(key: .string($0.key), value: .bool($0.value)) }
        let request: JSONValue = [
            "resource": ["resource": .string(resource)], "kind": ["kind": "Kind"], "namespace": "n",
        ]
        func value(of program: CELProgram) throws -> CELValue {
            try program.evaluate(
                [
                    ("object", CELValue(object)), ("oldObject", CELValue(old)), ("request", CELValue(request)),
                    ("variables", .map(known)),
                ], budget: &budget)
        }
        var values: [String: CELValue] = [:]
        for variable in variables {
            let result = try value(of: variable.program)
            values[variable.name] = result
            known.append(CELEntry(key: .string(variable.name), value: result))
        }
        let isValid = try validations.allSatisfy {
            guard case .bool(let isValid) = try value(of: $0) else {
                Issue.record("a validation is no boolean")
                return false
            }
            return isValid
        }
        return (values, isValid)
    }
}

/// Which permissions the policy for executions asks for.
@Suite struct ExecutionPolicyExpressionTests {
    private let policy: PolicyExpressions

    init() throws {
        policy = try PolicyExpressions("deploy/policy/base/policy.yaml")
    }

    private static let checks = [
        "mayCreatePipelineRun", "mayCreateWorkflow", "mayUseFirst", "mayUseSecond", "mayUseThird", "mayUseFourth",
    ]

    private func evaluate(
        _ resource: String, _ spec: JSONValue, denied: String? = nil, isOperator: Bool = false
    ) throws -> (variables: [String: CELValue], isValid: Bool) {
        let object: JSONValue = [
            "metadata": ["labels": ["towline.dev/environment-uid": "u", "towline.dev/phase": "p"]], "spec": spec,
        ]
        var authorized = Dictionary(uniqueKeysWithValues: Self.checks.map { ($0, $0 != denied) })
        authorized["isOperator"] = isOperator
        return try policy.values(for: object, resource: resource, authorized: authorized)
    }

    /// The engine whose runs, and the service accounts that the author must be allowed to use.
    private func demands(_ resource: String, _ spec: JSONValue) throws -> [String] {
        let values = try evaluate(resource, spec).variables
        return try ["engine", "first", "second", "third", "fourth"].compactMap { name in
            guard case .string(let text) = try #require(values[name]) else { return "\(name) is no text" }
            return text.isEmpty ? nil : text
        }
    }

    private func phase(_ engine: String) -> JSONValue { ["name": "phase", "engine": .string(engine)] }

    @Test func `the author of an environment needs the runs of every engine and its service account`() throws {
        let reference: JSONValue = ["lifecycleRef": ["name": "preview", "version": "1"]]
        #expect(try demands("environments", reference) == ["any"])
        var named = reference
        named["executionConfig"] = ["timeoutSeconds": 60, "serviceAccountName": "previewer"]
        #expect(try demands("environments", named) == ["any", "previewer"])
        for phases in [[phase("workflow")], [phase("pipeline"), phase("workflow")]] as [JSONValue] {
            #expect(try demands("environments", ["lifecycle": ["phases": phases]]) == ["any"])
        }
        // Nothing runs in it.
        #expect(try demands("environments", ["lifecycle": ["phases": [phase("pipeline")]]]) == ["none"])
    }

    @Test func `the labels of an environment's execution change nothing for its author`() throws {
        let spec: JSONValue = [
            "workflowRef": ["workflowId": "w", "engine": "argo"],
            "executionConfig": [
                "serviceAccountName": "a", "tasks": [["name": "t", "serviceAccountName": "b"], ["name": "u"]],
            ],
        ]
        #expect(try demands("workflowexecutions", spec) == ["argo", "a", "b"])
        #expect(try demands("workflowexecutions", ["workflowRef": ["workflowId": "w"]]) == ["tekton"])
        #expect(try demands("workflowexecutions", ["workflowRef": ["definition": "w@1"]]) == ["any"])
        #expect(try evaluate("workflowexecutions", spec).isValid)
        for check in Self.checks {
            #expect(try !evaluate("workflowexecutions", spec, denied: check).isValid, "\(check)")
            #expect(try evaluate("workflowexecutions", spec, denied: check, isOperator: true).isValid, "\(check)")
        }
    }

    @Test func `the author of a definition needs its service account only`() throws {
        let spec: JSONValue = ["engine": "argo", "executionConfig": ["serviceAccountName": "a"]]
        #expect(try demands("workflowdefinitions", spec) == ["none", "a"])
    }

    /// No user may write the status of environments, and only executions are created by the operator.
    @Test func `the operator is who may write the status of environments`() throws {
        let spec = try #require(Repository.documents("deploy/policy/base/policy.yaml").first?["spec"])
        let check = spec.list("variables").first { $0["name"] == "isOperator" }?["expression"]?.stringValue
        #expect(
            check == "request.resource.resource == 'workflowexecutions' && authorizer.group('towline.dev')"
                + ".resource('environments').subresource('status') .namespace(request.namespace).check('patch').allowed()"
        )
    }
}

/// Which changes of a run, or of an environment's execution, the policy for runs refuses to everyone but the operator.
@Suite struct RunPolicyExpressionTests {
    private let policy: PolicyExpressions

    init() throws {
        policy = try PolicyExpressions("deploy/policy/runs/base/runs.yaml")
    }

    private func isAllowed(
        _ run: JSONValue, from old: JSONValue = .null, isOperator: Bool = false, resource: String = "pipelineruns"
    ) throws -> Bool {
        try policy.values(for: run, from: old, resource: resource, authorized: ["isOperator": isOperator]).isValid
    }

    private func run(
        label: String? = nil, as key: String = "towline.dev/execution-uid", _ owners: [JSONValue]? = nil
    ) -> JSONValue {
        var run: JSONValue = ["metadata": ["name": "r"]]
        if let label { run[path: ["metadata", "labels"]] = ["a": "b", key: .string(label)] }
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

    /// An execution with the label and the name that the operator expects would be adopted, and its result reported.
    @Test func `an execution may not claim to be that of an environment`() throws {
        let key = "towline.dev/environment-uid"
        func isAllowed(_ execution: JSONValue, from old: JSONValue = .null, isOperator: Bool = false) throws -> Bool {
            try self.isAllowed(execution, from: old, isOperator: isOperator, resource: "workflowexecutions")
        }
        let environment = owner(kind: "Environment")
        let own = run(label: "u-1", as: key, [environment])
        for (new, old) in [
            (run(label: "u-1", as: key), .null), (run([environment]), .null), (own, .null), (own, run()),
            (run(label: "u-2", as: key), own), (run([owner("u-2", kind: "Environment")]), own),
            // What a task's PipelineRun may have, an execution may not.
            (run(label: "u-1", as: key, [parent]), .null),
        ] as [(JSONValue, JSONValue)] {
            #expect(try !isAllowed(new, from: old), "\(new.encodedString)")
            #expect(try isAllowed(new, from: old, isOperator: true), "\(new.encodedString)")
        }
        for (new, old) in [
            (run(), .null), (own, own), (run(), own), (run(label: "u-1", as: key), own), (run(label: "u-1"), .null),
            (run([owner()]), .null), (run(label: "u-1", as: key, [owner(controller: false, kind: "Environment")]), own),
            (run([owner(apiVersion: "example.com/v1", kind: "Environment")]), .null),
        ] as [(JSONValue, JSONValue)] {
            #expect(try isAllowed(new, from: old), "\(new.encodedString)")
        }
        // A run has other marks.
        #expect(try self.isAllowed(own))
    }

    /// Anyone who may write the status of an owner can forge results without an object.
    @Test func `the operator is who may write the status of the owner`() throws {
        let spec = try #require(Repository.documents("deploy/policy/runs/base/runs.yaml").first?["spec"])
        let check = spec.list("variables").first { $0["name"] == "isOperator" }?["expression"]?.stringValue
        #expect(
            check == "authorizer.group('towline.dev').resource(variables.isExecution ? 'environments' : "
                + "'workflowexecutions') .subresource('status').namespace(request.namespace).check('patch').allowed()")
        #expect(
            Permission.all.contains {
                $0.qualifiedResource == "workflowexecutions.towline.dev/status" && $0.verbs.contains(.patch)
            })
        for role in ["view", "edit", "admin"] {
            let rules = try #require(Repository.documents("deploy/base/rbac/users/\(role)-clusterrole.yaml").first)
            for rule in rules.list("rules") {
                #expect(rule.texts("resources").allSatisfy { !$0.contains("/") }, "\(role)")
            }
        }
    }
}
