import KubeClient
import Testing

@testable import APIServer
@testable import SimulatedEngines

/// Pipelines from resolvers; names, sources, and messages are those of Tekton's resolvers.
@Suite struct TektonResolverTests {
    private static let steps: JSONValue = ["steps": [["name": "s", "image": "i"]]]
    private static let digest = String(repeating: "ab", count: 32)
    private static let commit = String(repeating: "cd", count: 20)

    private static func reference(_ resolver: String, _ params: [(String, JSONValue)]) -> JSONValue {
        [
            "pipelineRef": [
                "resolver": .string(resolver),
                "params": .array(params.map { ["name": .string($0.0), "value": $0.1] }),
            ]
        ]
    }

    private func rehearsal(_ name: String, _ annotations: [String: String]) async throws -> TektonRehearsal {
        let rehearsal = TektonRehearsal()
        var prefixed: JSONObject = [:]
        for (key, value) in annotations { prefixed[Behavior.prefix + key] = .string(value) }
        try await rehearsal.add(
            pipeline: name, namespace: "elsewhere", annotations: prefixed,
            spec: ["tasks": [["name": "a", "taskSpec": Self.steps]]])
        return rehearsal
    }

    private static let bundle = ["bundle": "registry.example/w/restart:1.4", "bundle-digest": "sha256:\(digest)"]
    private static let git = [
        "git": "https://git.example/team/pipelines.git", "git-path": "ci/build.yaml", "git-revision": "main",
        "git-commit": commit,
    ]
    private static let hub = ["hub": "tekton-catalog-pipelines/build", "hub-version": "0.2.1"]
    private static let http = ["http": "https://files.example/build.yaml", "http-digest": "sha256:\(digest)"]

    struct Answer: Sendable {
        let annotations: [String: String]
        let resolver: String
        let params: [(String, JSONValue)]
        let source: JSONValue
    }

    static let answers: [Answer] = {
        let bundleSource: JSONValue = [
            "uri": "registry.example/w/restart", "digest": ["sha256": .string(digest)], "entryPoint": "pipe",
        ]
        let gitSource: JSONValue = [
            "uri": "git+https://git.example/team/pipelines.git", "digest": ["sha1": .string(commit)],
            "entryPoint": "ci/build.yaml",
        ]
        let file: [(String, JSONValue)] = [
            ("url", "https://git.example/team/pipelines"), ("pathInRepo", "/ci/build.yaml"),
        ]
        let layer: [(String, JSONValue)] = [("name", "pipe"), ("kind", "pipeline")]
        return [
            Answer(
                annotations: bundle, resolver: "bundles",
                params: [("bundle", "registry.example/w/restart:1.4")] + layer, source: bundleSource),
            Answer(
                annotations: bundle, resolver: "bundles",
                params: [("bundle", .string("registry.example/w/restart@sha256:\(digest)"))] + layer,
                source: bundleSource),
            Answer(annotations: git, resolver: "git", params: file, source: gitSource),
            Answer(annotations: git, resolver: "git", params: file + [("revision", "main")], source: gitSource),
            Answer(
                annotations: git, resolver: "git", params: file + [("revision", .string(commit))], source: gitSource),
            Answer(
                annotations: http, resolver: "http", params: [("url", "https://files.example/build.yaml")],
                source: ["uri": "https://files.example/build.yaml", "digest": ["sha256": .string(digest)]]),
        ]
    }()

    @Test func `answers requests from annotated Pipelines and records the real source`() async throws {
        for answer in Self.answers {
            let states = try await rehearsal("pipe", answer.annotations)
                .play("run", spec: Self.reference(answer.resolver, answer.params))
            let last = try #require(states.last)
            #expect(last.reason == "Succeeded", "\(answer.resolver)")
            #expect(states.contains { $0.reason == "ResolvingPipelineRef" })
            #expect(last[path: ["status", "provenance", "refSource"]] == answer.source)
            #expect(last.metadata["labels"]?["tekton.dev/pipeline"] == "pipe")
            #expect(last.metadata["annotations"]?["sandbox.towline.dev/resolved-from"] == "elsewhere/pipe")
        }
    }

    @Test(arguments: ["0.2.1", "0.2.1, < 1", ">= 0.1", "> 0.2, <= 0.2.1", "!= 0.3"])
    func `answers the hub with a version that satisfies the request`(_ version: String) async throws {
        let states = try await rehearsal("build", Self.hub).play(
            "run",
            spec: Self.reference("hub", [("name", "build"), ("kind", "pipeline"), ("version", .string(version))]))
        #expect(states.last?.reason == "Succeeded")
        let source = states.last?[path: ["status", "provenance", "refSource"]]
        #expect(
            source?["uri"]
                == "https://artifacthub.io/api/v1/packages/tekton-pipeline/tekton-catalog-pipelines/build/0.2.1")
        #expect(source?["entryPoint"] == nil)
    }

    struct Refusal: Sendable {
        let annotations: [String: String]
        let resolver: String
        let params: [(String, JSONValue)]
        /// What follows `error requesting remote resource: `; `KEY` stands for the request's namespace and name.
        let why: String

        init(_ annotations: [String: String], _ resolver: String, _ params: [(String, JSONValue)], _ why: String) {
            self.annotations = annotations
            self.resolver = resolver
            self.params = params
            self.why = why
        }
    }

    static let refusals: [Refusal] = {
        let image: (String, JSONValue) = ("bundle", "registry.example/w/restart:1.4")
        let url: (String, JSONValue) = ("url", "https://git.example/team/pipelines.git")
        let path: (String, JSONValue) = ("pathInRepo", "ci/build.yaml")
        let invalid = "invalid resource request \"KEY\": "
        let notInImage = "could not find object in image with kind: "
        let oci =
            "error getting \"bundleresolver\" \"KEY\": cannot retrieve the oci image: GET https://registry.example/v2/w/"
        let gitError = "error getting \"Git\" \"KEY\": "
        return [
            Refusal(bundle, "bundles", [("name", "pipe")], invalid + "parameter \"bundle\" required"),
            Refusal(bundle, "bundles", [image], invalid + "parameter \"name\" required"),
            Refusal(
                bundle, "bundles", [image, ("name", "other"), ("kind", "pipeline")],
                "error getting \"bundleresolver\" \"KEY\": \(notInImage)pipeline and name: other"),
            Refusal(
                bundle, "bundles", [image, ("name", "pipe")],
                "error getting \"bundleresolver\" \"KEY\": \(notInImage)task and name: pipe"),
            Refusal(
                bundle, "bundles",
                [("bundle", "registry.example/w/restart@sha256:1234"), ("name", "pipe"), ("kind", "pipeline")],
                oci + "restart/manifests/sha256:1234: MANIFEST_UNKNOWN: manifest unknown"),
            Refusal(
                bundle, "bundles",
                [("bundle", "registry.example/w/other:1.4"), ("name", "pipe"), ("kind", "pipeline")],
                oci + "other/manifests/1.4: MANIFEST_UNKNOWN: manifest unknown"),
            Refusal(git, "git", [url], invalid + "missing required git resolver params: pathInRepo"),
            Refusal(git, "git", [url, path, ("repo", "x")], invalid + "cannot specify both 'url' and 'repo'"),
            Refusal(git, "git", [("repo", "x"), path], invalid + "'org' is required when 'repo' is specified"),
            Refusal(git, "git", [("url", "/tmp/x"), path], invalid + "invalid git repository url: /tmp/x"),
            Refusal(
                git, "git", [url, ("pathInRepo", "../x")],
                invalid + "invalid path \"../x\": must not contain '..' components"),
            Refusal(
                git, "git", [url, path, ("revision", "-x")],
                invalid + "invalid revision \"-x\": must not begin with '-'"),
            Refusal(
                git, "git", [url, ("pathInRepo", "x.yaml")],
                gitError + "error opening file \"x.yaml\": file does not exist"),
            Refusal(
                git, "git", [url, path, ("revision", "v1")],
                gitError + "git fetch error: fatal: couldn't find remote ref v1: exit status 128"),
            Refusal(
                git, "git", [("url", "https://git.example/x.git"), path],
                gitError
                    + "error resolving repository: git clone error: fatal: repository 'https://git.example/x.git' not found: exit status 128"
            ),
            Refusal(
                git, "git", [url, path, ("gitToken", "none")],
                gitError + "cannot get API token, secret none not found in namespace payments"),
            Refusal(
                git, "git", [("org", "team"), ("repo", "pipelines"), path],
                gitError
                    + "cannot get API token, required when specifying 'repo' param, 'api-token-secret-name' not specified in config"
            ),
            Refusal(
                git.merging(["git-secret": "token"]) { $1 }, "git", [url, path],
                gitError + "error resolving repository: clone error: authentication required"),
            Refusal(
                hub, "hub", [("name", "build"), ("kind", "pipeline"), ("version", "0.3")],
                "error getting \"Hub\" \"KEY\": no version found for constraint 0.3"),
            Refusal(
                hub, "hub", [("name", "build"), ("version", "0.2")],
                "error getting \"Hub\" \"KEY\": fail to fetch Artifact Hub resource: requested resource 'https://artifacthub.io/api/v1/packages/tekton-task/tekton-catalog-tasks/build' not found on hub"
            ),
            Refusal(
                hub, "hub", [("kind", "pipeline")],
                invalid + "failed to validate params: missing required hub resolver params: name, version"),
            Refusal(
                hub, "hub", [("kind", "thing"), ("name", "x"), ("version", "1")],
                invalid + "failed to validate params: kind param must be one of: task, pipeline, stepaction"),
            Refusal(
                hub, "hub", [("type", "tekton"), ("name", "x"), ("version", "1")],
                invalid + "failed to validate params: please configure TEKTON_HUB_API env variable to use tekton type"),
            Refusal(http, "http", [], invalid + "missing required http resolver params: url"),
            Refusal(http, "http", [("url", "ftp://x")], invalid + "url ftp://x is not a valid http(s) url"),
            Refusal(
                http, "http", [("url", "https://x"), ("http-username", "me")],
                invalid + "missing required param http-password-secret when using http-username"),
            Refusal(
                http, "http", [("url", "https://x/y")],
                "error getting \"Http\" \"KEY\": requested URL 'https://x/y' is not found"),
            Refusal(
                http, "http", [("url", "https://files.example/build.yaml"), ("digest", "sha256:00")],
                "error getting \"Http\" \"KEY\": error validating digest: SHA mismatch, expected 00, got \(digest)"),
            Refusal(
                [:], "cluster", [("kind", "pipeline")],
                invalid + "missing required cluster resolver params: name, namespace"),
            Refusal(
                [:], "cluster", [("kind", "thing"), ("name", "x"), ("namespace", "y")],
                invalid + "unknown or unsupported resource kind 'thing'"),
            Refusal(
                [:], "cluster", [("kind", "pipeline"), ("name", "lost"), ("namespace", "elsewhere")],
                "error getting \"Cluster\" \"KEY\": pipelines.tekton.dev \"lost\" not found"),
            Refusal(
                [:], "cluster", [("name", "pipe"), ("namespace", "elsewhere")],
                "error getting \"Cluster\" \"KEY\": tasks.tekton.dev \"pipe\" not found"),
            Refusal(
                [:], "mine", [("name", "pipe")],
                "the sandbox has no resolver \"mine\"; use one of bundles, cluster, git, http, hub"),
        ]
    }()

    @Test func `refuses what the real resolver refuses, with its message`() async throws {
        for refusal in Self.refusals {
            let rehearsal = try await rehearsal("pipe", refusal.annotations)
            let spec = Self.reference(refusal.resolver, refusal.params)
            let last = try #require(try await rehearsal.play("run", spec: spec).last)
            let key = ResolverRequest(
                .pipeline, reference: spec["pipelineRef"], owner: ObjectKey(namespace: "payments", name: "run")
            ).key
            #expect(last.reason == "CouldntGetPipeline")
            #expect(
                last.message
                    == "Error retrieving pipeline for pipelinerun payments/run: resolver failed to get Pipeline : error requesting remote resource: "
                    + refusal.why.replacing("KEY", with: key))
            #expect(last[path: ["status", "childReferences"]] == nil)
        }
    }

    @Test func `reads a Pipeline of another namespace through the cluster resolver`() async throws {
        let rehearsal = try await rehearsal("pipe", [:])
        let states = try await rehearsal.play(
            "run",
            spec: Self.reference("cluster", [("kind", "pipeline"), ("name", "pipe"), ("namespace", "elsewhere")]))
        let last = try #require(states.last)
        #expect(last.reason == "Succeeded")
        let uri = last[path: ["status", "provenance", "refSource", "uri"]]?.stringValue
        #expect(uri?.hasPrefix("/apis/tekton.dev/v1/namespaces/elsewhere/pipeline/pipe@uid-") == true)
        // Nothing was answered in place of the network.
        #expect(last.metadata["annotations"] == nil)
    }

    @Test func `refuses a Task where a Pipeline is needed`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.cluster.create(
            Tekton.tasks, namespace: "payments", ["kind": "Task", "metadata": ["name": "t"], "spec": Self.steps],
            fieldManager: "test")
        let last = try await rehearsal.play(
            "run", spec: Self.reference("cluster", [("name", "t"), ("namespace", "payments")])
        ).last
        #expect(
            last?.message
                == "Error retrieving pipeline for pipelinerun payments/run: failed to read runtime object as Pipeline: resource is not a pipeline"
        )
    }

    @Test func `substitutes the run's parameters in those of the resolver`() async throws {
        var spec = Self.reference(
            "git", [("url", "https://git.example/$(params.team)/pipelines.git"), ("pathInRepo", "ci/build.yaml")])
        spec["params"] = [["name": "team", "value": "team"]]
        #expect(try await rehearsal("pipe", Self.git).play("run", spec: spec).last?.reason == "Succeeded")
    }

    // MARK: Private registries

    private static let privateBundle = bundle.merging(["bundle-secret": "regcred"]) { $1 }

    private func playPrivate(
        secret: String?, account: String?, existing: Set<String>, accountSecrets: [String: String] = [:]
    ) async throws -> JSONValue? {
        let rehearsal = try await rehearsal("pipe", Self.privateBundle)
        for name in existing {
            try await rehearsal.cluster.create(
                GroupVersionResource(group: "", version: "v1", resource: "secrets"), namespace: "payments",
                ["metadata": ["name": .string(name)]], fieldManager: "test")
        }
        for (name, secret) in accountSecrets {
            try await rehearsal.cluster.create(
                GroupVersionResource(group: "", version: "v1", resource: "serviceaccounts"), namespace: "payments",
                ["metadata": ["name": .string(name)], "imagePullSecrets": [["name": .string(secret)]]],
                fieldManager: "test")
        }
        var params: [(String, JSONValue)] = [
            ("bundle", "registry.example/w/restart:1.4"), ("name", "pipe"), ("kind", "pipeline"),
        ]
        if let secret { params.append(("secret", .string(secret))) }
        if let account { params.append(("serviceAccount", .string(account))) }
        return try await rehearsal.play("run", spec: Self.reference("bundles", params)).last
    }

    @Test func `a private registry accepts the named secret or that of the service account`() async throws {
        #expect(try await playPrivate(secret: "regcred", account: nil, existing: ["regcred"])?.reason == "Succeeded")
        let accounts = ["builder": "regcred", "other": "else", "default": "regcred"]
        for account in ["builder", nil] {
            let last = try await playPrivate(
                secret: nil, account: account, existing: ["regcred"], accountSecrets: accounts)
            #expect(last?.reason == "Succeeded")
        }
    }

    @Test(
        arguments: [
            (nil, nil, ["regcred"]), ("else", nil, ["regcred", "else"]), ("regcred", nil, []),
            (nil, "other", ["regcred"]),
        ] as [(String?, String?, Set<String>)])
    func `a private registry refuses everyone else`(_ secret: String?, _ account: String?, _ existing: Set<String>)
        async throws
    {
        let last = try await playPrivate(
            secret: secret, account: account, existing: existing, accountSecrets: ["other": "else"])
        #expect(last?.reason == "CouldntGetPipeline")
        #expect(
            last?.message.hasSuffix(
                "cannot retrieve the oci image: GET https://registry.example/v2/w/restart/manifests/1.4: UNAUTHORIZED: authentication required; [map[Action:pull Class: Name:w/restart Type:repository]]"
            ) == true)
    }

    // MARK: Tasks

    @Test func `resolves the Tasks of a Pipeline too`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.cluster.create(
            Tekton.tasks, namespace: "elsewhere",
            [
                "metadata": [
                    "name": "git-clone", "annotations": ["sandbox.towline.dev/hub": "tekton-catalog-tasks/git-clone"],
                ], "spec": Self.steps,
            ], fieldManager: "test")
        let task: (String) -> JSONValue = { name in
            [
                "name": "clone",
                "taskRef": [
                    "resolver": "hub",
                    "params": [["name": "name", "value": .string(name)], ["name": "version", "value": "0.1"]],
                ],
            ]
        }
        try await rehearsal.add(pipeline: "good", spec: ["tasks": [task("git-clone")]])
        try await rehearsal.add(pipeline: "bad", spec: ["tasks": [task("lost")]])
        #expect(try await rehearsal.play("run", spec: ["pipelineRef": ["name": "good"]]).last?.reason == "Succeeded")
        #expect(
            rehearsal.cluster.life("pods", "run-clone-pod").last?[path: ["spec", "containers"]]?[0]?["image"] == "i")
        let last = try await rehearsal.play("run-2", spec: ["pipelineRef": ["name": "bad"]]).last
        #expect(last?.reason == "CouldntGetTask")
        #expect(
            last?.message.hasPrefix(
                "Pipeline payments/bad can't be Run; it contains Tasks that don't exist: Couldn't retrieve Task \"resolver type hub\nname = lost\n\": error requesting remote resource: error getting \"Hub\" \"payments/hub-"
            ) == true)
    }

    // MARK: Names

    @Test func `names requests as Tekton's tests do`() {
        let params: [(name: String, value: TektonValue)] = [
            ("string-param", .string("value1")), ("array-param", .array(["value1", "value2"])),
            ("object-param", .object(["key": "value"])),
        ]
        #expect(ResolverRequest.name(prefix: "prefix", base: "", []) == "prefix-6c62272e07bb014262b821756295c58d")
        #expect(ResolverRequest.name(prefix: "", base: "base", []) == "-6989337ae0757277b806e97e86444ef0")
        #expect(ResolverRequest.name(prefix: "", base: "", params) == "-52921b17d3c2930a34419c618d6af0e9")
        #expect(
            ResolverRequest.name(prefix: "prefix", base: "base", params.reversed())
                == "prefix-ba2f256f318de7f4154da577c283cb9e")
        #expect(
            ResolverRequest.name(prefix: String(repeating: "a", count: 31), base: "default/my-taskrun", [])
                == "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-2d162955e9c9fcfef736fd389e7fd796")
    }
}
