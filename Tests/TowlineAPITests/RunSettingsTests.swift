import KubeClient
import Testing
import TowlineAPI

/// Reads and checks the fields that describe a run: parameters of all types, workspaces, pods, tasks, labels.
@Suite struct RunSettingsTests {
    private func spec(_ text: String) throws -> ExecutionSpec {
        var cursor = JSONCursor(Array(text.utf8))
        return try ExecutionSpec(reading: &cursor)
    }

    private func problems(_ fields: String, reference: String = "") throws -> [String] {
        try spec(#"{"workflowRef":{"workflowId":"w"\#(reference)}\#(fields.isEmpty ? "" : ",")\#(fields)}"#)
            .validate().map(\.description)
    }

    @Test func `reads every field`() throws {
        let spec = try spec(
            """
            {"workflowRef":{"workflowId":"w","resolver":{"name":"git","params":{"url":"u"}}},
             "parameters":{"image.tag":"v1"},"arrayParameters":{"TARGETS":["a","b"]},
             "objectParameters":{"REPO":{"url":"u","rev":"r"}},
             "workspaces":[{"name":"source","subPath":"a/b","claimName":"c"},
              {"name":"cache","claimTemplate":{"storageClassName":"fast","accessModes":["ReadWriteMany"],"storage":5}},
              {"name":"tmp","emptyDir":{"medium":"Memory","sizeLimit":"64Mi"}},
              {"name":"settings","configMap":{"name":"cm","items":[{"key":"k","path":"p"}]}},
              {"name":"key","secret":{"name":"s"}},
              {"name":"both","projected":{"sources":[{"configMap":{"name":"cm"}},{"secret":{"name":"s"}}]}}],
             "executionConfig":{"tasksTimeoutSeconds":1200,"finallyTimeoutSeconds":300,"keepRunUntilArchived":true,
              "pod":{"nodeSelector":{"disk":"ssd"},"tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute",
               "tolerationSeconds":5}],"priorityClassName":"high","runtimeClassName":"gvisor",
               "imagePullSecrets":[{"name":"regcred"}],"securityContext":{"fsGroup":1,"runAsNonRoot":true}},
              "tasks":[{"name":"build","serviceAccountName":"builder","timeoutSeconds":60,
               "computeResources":{"requests":{"cpu":1,"memory":"64Mi"},"limits":{"cpu":"2"}}}]},
             "scheduling":{"queueName":"team-a","priorityClass":"batch"},
             "runLabels":{"team.example.com/center":"42"},"rerunOf":{"name":"old","uid":"u"}}
            """)
        #expect(spec.validate() == [])
        #expect(
            spec.workflowRef.resolver == Resolver(name: "git", parameters: [MapEntry(key: "url", value: "u")]))
        #expect(
            spec.parameters == [
                Parameter(name: "image.tag", value: "v1"), Parameter(name: "TARGETS", value: .array(["a", "b"])),
                Parameter(
                    name: "REPO",
                    value: .object([MapEntry(key: "url", value: "u"), MapEntry(key: "rev", value: "r")])),
            ])
        let template = Workspace.ClaimTemplate(
            storageClassName: "fast", accessModes: ["ReadWriteMany"], storage: "5")
        #expect(
            spec.workspaces == [
                Workspace(name: "source", subPath: "a/b", source: .claim("c")),
                Workspace(name: "cache", source: .claimTemplate(template)),
                Workspace(name: "tmp", source: .emptyDirectory(medium: "Memory", sizeLimit: "64Mi")),
                Workspace(
                    name: "settings",
                    source: .configMap(
                        Workspace.FileSource(name: "cm", items: [Workspace.Item(key: "k", path: "p")]))),
                Workspace(name: "key", source: .secret(Workspace.FileSource(name: "s"))),
                Workspace(
                    name: "both",
                    source: .projected([
                        .configMap(Workspace.FileSource(name: "cm")), .secret(Workspace.FileSource(name: "s")),
                    ])),
            ])
        let config = spec.executionConfig
        #expect(config.tasksTimeoutSeconds == 1200 && config.finallyTimeoutSeconds == 300)
        #expect(config.keepRunUntilArchived == true)
        #expect(
            config.pod
                == PodSettings(
                    nodeSelector: [MapEntry(key: "disk", value: "ssd")],
                    tolerations: [
                        Toleration(key: "k", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5)
                    ], priorityClassName: "high", runtimeClassName: "gvisor", imagePullSecrets: ["regcred"],
                    securityContext: PodSecurityContext(fsGroup: 1, runAsNonRoot: true)))
        #expect(
            config.tasks == [
                TaskSettings(
                    name: "build", serviceAccountName: "builder", timeoutSeconds: 60,
                    requests: [MapEntry(key: "cpu", value: "1"), MapEntry(key: "memory", value: "64Mi")],
                    limits: [MapEntry(key: "cpu", value: "2")])
            ])
        #expect(spec.scheduling == Scheduling(queueName: "team-a", priorityClass: "batch"))
        #expect(spec.runLabels == [MapEntry(key: "team.example.com/center", value: "42")])
    }

    @Test(arguments: [
        (#""arrayParameters":{"A":"x"}"#, "spec.arrayParameters[A]: value: expected a list"),
        (#""arrayParameters":{"A":[1]}"#, "spec.arrayParameters[A]: value: expected a string"),
        (#""objectParameters":{"A":["x"]}"#, "spec.objectParameters[A]: value: expected an object"),
        (#""workspaces":{}"#, "spec.workspaces: expected a list"),
        (#""runLabels":{"a.example/b":1}"#, "spec.runLabels[a.example/b]: expected a string"),
        (#""executionConfig":{"pod":{"nodeSelector":[]}}"#, "spec.executionConfig.pod[nodeSelector]: nodeSelector:"),
        (#""executionConfig":{"tasks":[{"name":1}]}"#, "spec.executionConfig.tasks[].name: expected a string"),
    ])
    func `a wrong type names its field`(_ fields: String, _ message: String) {
        let error = #expect(throws: JSONError.self) { try problems(fields) }
        #expect(error?.message.hasPrefix(message) == true, "\(error as Any)")
    }

    @Test(arguments: [
        (#""workspaces":[{"name":"a","claimName":"c"}]"#, "spec.workspaces"),
        (#""scheduling":{"queueName":"q"}"#, "spec.scheduling"),
        (#""executionConfig":{"tasksTimeoutSeconds":5}"#, "spec.executionConfig.tasksTimeoutSeconds"),
        (#""executionConfig":{"finallyTimeoutSeconds":5}"#, "spec.executionConfig.finallyTimeoutSeconds"),
        (#""executionConfig":{"tasks":[{"name":"a"}]}"#, "spec.executionConfig.tasks"),
        (#""executionConfig":{"pod":{"runtimeClassName":"r"}}"#, "spec.executionConfig.pod.runtimeClassName"),
    ])
    func `refuses for Argo what only Tekton has`(_ fields: String, _ field: String) throws {
        #expect(try problems(fields) == [])
        let refused = try problems(fields, reference: #","engine":"argo""#)
        #expect(refused == ["\(field): can only be set for engine tekton"])
    }

    @Test(arguments: [
        (#","resolver":{"name":"git"}"#, "spec.workflowRef.resolver"),
        (#","containerImage":"r.example/a""#, "spec.workflowRef.containerImage"),
    ])
    func `refuses for Argo the sources that only Tekton has`(_ reference: String, _ field: String) throws {
        #expect(try problems("", reference: reference) == [])
        let refused = try problems("", reference: reference + #","engine":"argo""#)
        #expect(refused == ["\(field): can only be set for engine tekton"])
    }

    @Test(arguments: [
        (#""executionConfig":{"entrypoint":"main"}"#, "spec.executionConfig.entrypoint"),
        (#""executionConfig":{"priority":-3}"#, "spec.executionConfig.priority"),
    ])
    func `refuses for Tekton what only Argo has`(_ fields: String, _ field: String) throws {
        #expect(try problems(fields, reference: #","engine":"argo""#) == [])
        #expect(try problems(fields) == ["\(field): can only be set for engine argo"])
    }

    @Test(arguments: [
        #"{"name":"a"}"#, #"{"name":"a","claimName":"c","emptyDir":{}}"#,
        #"{"name":"a","configMap":{"name":"c"},"secret":{"name":"s"}}"#, #"{"name":"a","csi":{"driver":"d"}}"#,
    ])
    func `a workspace has exactly one source`(_ workspace: String) throws {
        let found = try problems(#""workspaces":[\#(workspace)]"#)
        #expect(found.count == 1 && found.allSatisfy { $0.hasPrefix("spec.workspaces[a]: needs exactly one of") })
    }

    @Test(arguments: ["/a", "..", "a/../b", "$(context.pipelineRun.name)"])
    func `a sub-path stays in the volume and is no expression`(_ path: String) throws {
        let found = try problems(#""workspaces":[{"name":"a","claimName":"c","subPath":"\#(path)"}]"#)
        #expect(found.count == 1 && found.allSatisfy { $0.hasPrefix("spec.workspaces[a].subPath: ") })
    }

    @Test func `a name stands for one parameter or workspace`() throws {
        #expect(
            try problems(#""parameters":{"a":"x"},"arrayParameters":{"A":["y"]}"#) == [
                "spec.arrayParameters[A]: must not differ from another parameter only in case: Tekton ignores case"
            ])
        let both = #""parameters":{"a":"x"},"objectParameters":{"a":{}}"#
        #expect(
            try problems(both, reference: #","engine":"argo""#)
                == ["spec.objectParameters[a]: must not have the name of another parameter"])
        let twice = #""workspaces":[{"name":"a","claimName":"c"},{"name":"a","claimName":"d"}]"#
        #expect(try problems(twice) == ["spec.workspaces[a]: must not have the name of another workspace"])
    }

    @Test(arguments: [
        (#""arrayParameters":{"A":["x","$(params.y)"]}"#, #""arrayParameters":{"A":["{{y}}"]}"#),
        (#""objectParameters":{"A":{"k":"$(tasks.t.results.r)"}}"#, #""objectParameters":{"A":{"k":"{{=1}}"}}"#),
    ])
    func `values in lists and objects are data`(_ tekton: String, _ argo: String) throws {
        #expect(try problems(tekton).count == 1)
        #expect(try problems(argo) == [])
        #expect(try problems(argo, reference: #","engine":"argo""#).count == 1)
        #expect(try problems(tekton, reference: #","engine":"argo""#) == [])
        let allowed = #","executionConfig":{"allowExpressions":true}"#
        #expect(try problems(tekton + allowed) == [])
        #expect(try problems(argo + allowed, reference: #","engine":"argo""#) == [])
    }

    @Test(arguments: ["$(params.x)", "{{workflow.name}}"])
    func `values of node selectors are data`(_ value: String) throws {
        let pod = #""pod":{"nodeSelector":{"disk":"\#(value)"}}"#
        for engine in ["tekton", "argo"] {
            let reference = #","engine":"\#(engine)""#
            #expect(try problems(#""executionConfig":{\#(pod)}"#, reference: reference).count == 1)
            #expect(
                try problems(#""executionConfig":{"allowExpressions":true,\#(pod)}"#, reference: reference) == [])
        }
        #expect(try problems(#""executionConfig":{"tasks":[{"name":"a",\#(pod)}]}"#).count == 1)
    }

    @Test func `a resolver stands in place of a name and an image`() throws {
        let resolver = #","resolver":{"name":"git","params":{"url":"$(params.x)"}}"#
        let found = try problems("", reference: resolver + #","name":"n","containerImage":"r.example/a""#)
        let prefix = "spec.workflowRef.resolver"
        #expect(found.count == 3)
        #expect(found.contains { $0.hasPrefix("\(prefix): must not be set together with name") })
        #expect(found.contains { $0.hasPrefix("\(prefix): must not be set together with containerImage") })
        #expect(found.contains { $0.hasPrefix("\(prefix).params[url]: contains") })
    }
}

/// The labels that the operator adds to runs, and those that users may add.
@Suite struct RunLabelsTests {
    private func execution(
        _ engine: EngineName = .tekton, labels: [MapEntry] = [], scheduling: Scheduling? = nil
    ) -> WorkflowExecution {
        WorkflowExecution(
            key: ObjectKey(namespace: "n", name: "e"), uid: "u",
            spec: ExecutionSpec(
                workflowRef: WorkflowReference(workflowId: "w", engine: engine), scheduling: scheduling,
                runLabels: labels))
    }

    private func text(_ labels: RunLabels, _ execution: WorkflowExecution) -> [String] {
        labels.labels(for: execution).map { "\($0.key)=\($0.value)" }
    }

    @Test func `a run has the UID of its execution by default`() {
        #expect(text(RunLabels(), execution()) == ["towline.dev/execution-uid=u"])
    }

    @Test func `only workflows get the instance ID of Argo's controller`() {
        let labels = RunLabels(argoInstanceID: "blue")
        #expect(text(labels, execution()).count == 1)
        #expect(
            text(labels, execution(.argo)) == [
                "towline.dev/execution-uid=u", "workflows.argoproj.io/controller-instanceid=blue",
            ])
    }

    @Test func `the operator's labels take precedence over those of users`() {
        let labels = RunLabels(
            fixed: [MapEntry(key: "a.example/team", value: "ops")], allowedPrefixes: ["a.example/", "kueue.x-k8s.io/"])
        let wanted = [
            MapEntry(key: "a.example/team", value: "mine"), MapEntry(key: "a.example/center", value: "42"),
            MapEntry(key: "kueue.x-k8s.io/queue-name", value: "other"), MapEntry(key: "b.example/x", value: "y"),
        ]
        let execution = execution(labels: wanted, scheduling: Scheduling(queueName: "team-a"))
        #expect(
            text(labels, execution) == [
                "a.example/center=42", "a.example/team=ops", "kueue.x-k8s.io/queue-name=team-a",
                "towline.dev/execution-uid=u",
            ])
    }

    @Test func `labels without an allowed prefix are problems`() throws {
        let spec = try #require(execution(labels: [MapEntry(key: "b.example/x", value: "y")]).spec)
        #expect(RunLabels(allowedPrefixes: ["b.example/"]).problems(of: spec) == [])
        let none = RunLabels().problems(of: spec).map(\.description)
        #expect(none.count == 1 && none.allSatisfy { $0.contains("this operator allows no labels") })
        let other = RunLabels(allowedPrefixes: ["a.example/"]).problems(of: spec).map(\.description)
        #expect(other.count == 1 && other.allSatisfy { $0.contains("that start with a.example/ (--run-label-prefix)") })
    }

    @Test(arguments: [
        "argocd.argoproj.io/instance", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by",
        "kustomize.toolkit.fluxcd.io/name", "tekton.dev/pipeline", "workflows.argoproj.io/completed",
        "towline.dev/execution-uid",
    ])
    func `no prefix allows a label of an engine or a GitOps tool`(_ key: String) throws {
        let execution = execution(labels: [MapEntry(key: key, value: "y")])
        #expect(try #require(execution.spec).validate().map(\.field) == ["spec.runLabels[\(key)]"])
        #expect(text(RunLabels(allowedPrefixes: [key]), execution) == ["towline.dev/execution-uid=u"])
    }

    @Test func `checks the syntax of keys, prefixes and values`() {
        for key in ["a.example/team", "a/b", "a.example/cost_center.x"] { #expect(RunLabels.isKey(key), "\(key)") }
        for key in ["team", "/team", "a.example/", "A.example/x", "a/b/c", "a.example/-x"] {
            #expect(!RunLabels.isKey(key), "\(key)")
        }
        for prefix in ["a.example/", "a.example/cost-", "a.example/team"] {
            #expect(RunLabels.isPrefix(prefix), "\(prefix)")
        }
        for prefix in ["", "team", "a.example", "/"] { #expect(!RunLabels.isPrefix(prefix), "\(prefix)") }
        for value in ["", "42", "a-b_c.d", String(repeating: "a", count: 63)] {
            #expect(RunLabels.isValue(value), "\(value)")
        }
        for value in ["-a", "a b", "ü", String(repeating: "a", count: 64)] { #expect(!RunLabels.isValue(value)) }
    }
}
