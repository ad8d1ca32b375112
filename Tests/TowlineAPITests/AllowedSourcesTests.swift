import Testing

@testable import TowlineAPI

/// The registries and resolvers that workflows may come from.
@Suite struct AllowedSourcesTests {
    private func problems(
        _ sources: AllowedSources, image: String? = nil, resolver: Resolver? = nil
    ) -> [String] {
        sources.problems(
            of: ExecutionSpec(
                workflowRef: WorkflowReference(workflowId: "w", containerImage: image, resolver: resolver))
        ).map(\.description)
    }

    /// What Tekton's library makes of a reference: `name.ParseReference` of go-containerregistry.
    @Test(arguments: [
        ("registry.example/a", "registry.example/a"), ("registry.example/a/b:1.4.0", "registry.example/a/b"),
        ("registry.example:5000/a:1", "registry.example:5000/a"), ("a:5000/b", "a:5000/b"),
        ("registry.example/a:1@sha256:\(String(repeating: "0", count: 64))", "registry.example/a"),
        ("alpine", "docker.io/library/alpine"), ("alpine:3", "docker.io/library/alpine"),
        ("team/a", "docker.io/team/a"),
        // Without a slash, a host is the name of an image on Docker Hub, and its port a tag.
        ("registry.example", "docker.io/library/registry.example"),
        ("registry.example:5000", "docker.io/library/registry.example"),
        ("index.docker.io/a", "docker.io/library/a"), ("docker.io/team/a", "docker.io/team/a"),
    ])
    func `reads an image reference as Tekton does`(_ image: String, _ repository: String) {
        #expect(AllowedSources.repository(of: image) == repository)
    }

    @Test(arguments: [
        "", "/a", "registry.example/", "registry.example//a", "registry.example/a/", "registry.example/../a",
        "registry.example/a/..", "registry.example/a/./b", "registry.example/A", "registry.example/a:b/c",
        "registry.example/a@sha256:0", "registry.example/a@sha256:0@sha256:1", "registry.example/$(params.x)",
        "registry.example/a b", "registry.example/a%2f", "https://registry.example/a", "registry.example:/a",
        "registry.example:99999/a", "registry.example:+80/a", "user@registry.example/a", "localhost/a",
        "REGISTRY.example/a", "registry..example/a", "registry.example/a?b", "registry.example\\a/b",
    ])
    func `a text that is not surely one repository is in none`(_ image: String) {
        #expect(AllowedSources.repository(of: image) == nil)
        #expect(!AllowedSources(registries: ["registry.example", "docker.io"]).allows(image: image))
        #expect(AllowedSources().allows(image: image))
    }

    @Test(arguments: [
        ("registry.example", ["registry.example/a", "registry.example/a/b:1"]),
        ("registry.example/team", ["registry.example/team", "registry.example/team:1", "registry.example/team/a/b"]),
        ("registry.example:5000", ["registry.example:5000/a"]),
        ("docker.io/library", ["alpine", "alpine:3", "docker.io/alpine", "index.docker.io/library/alpine"]),
    ])
    func `an entry allows what is below it`(_ entry: String, _ images: [String]) throws {
        let sources = AllowedSources(registries: [try #require(AllowedSources.registry(entry))])
        for image in images { #expect(sources.allows(image: image), "\(image)") }
    }

    @Test(arguments: [
        (
            "registry.example",
            [
                "registry.example.evil/a", "registry.example:5000/a", "registry.example", "registry.example:1",
                "evil/registry.example/a", "evil.example/registry.example/a", "sub.registry.example/a",
                "registry.examples/a",
            ]
        ),
        (
            "registry.example/team",
            [
                "registry.example/teams", "registry.example/team-b/a", "registry.example/team.b",
                "registry.example/other",
                "registry.example/team/../other", "registry.example/other/team", "team",
            ]
        ),
        ("registry.example:5000", ["registry.example/a", "registry.example:50001/a"]),
        ("docker.io/library", ["team/alpine", "library.example/a"]),
        ("none", ["none", "none/a", "registry.example/none", "docker.io/none"]),
    ])
    func `an entry ends at a boundary of the path`(_ entry: String, _ images: [String]) throws {
        let sources = AllowedSources(registries: [try #require(AllowedSources.registry(entry))])
        for image in images { #expect(!sources.allows(image: image), "\(image)") }
    }

    @Test(arguments: [
        "", "registry", "registry.example/", "registry.example//a", "registry.example/a:1", "registry.example/..",
        "registry.example/a@sha256:0", "*.registry.example", "https://registry.example", "Registry.example", "/team",
        "registry.example:0", "localhost/team", "team/a",
    ])
    func `rejects an entry that is no registry or repository path`(_ entry: String) {
        #expect(AllowedSources.registry(entry) == nil)
    }

    @Test func `checks the image and the bundle of a resolver`() {
        let sources = AllowedSources(registries: ["registry.example/workflows"])
        let rule =
            "this operator allows only bundles from registry.example/workflows (--allowed-registries). Use another image"
        #expect(problems(sources, image: "registry.example/workflows/a:1") == [])
        let image = problems(sources, image: "evil.example/a")
        #expect(image.count == 1)
        #expect(image.allSatisfy { $0.hasPrefix("spec.workflowRef.containerImage: \(rule)") })
        func bundle(_ parameters: [MapEntry]) -> [String] {
            problems(sources, resolver: Resolver(name: "bundles", parameters: parameters))
        }
        #expect(bundle([MapEntry(key: "bundle", value: "registry.example/workflows/a")]) == [])
        for parameters in [
            [MapEntry(key: "bundle", value: "evil.example/a")], [MapEntry(key: "bundle", value: "$(params.x)")],
            [MapEntry(key: "name", value: "registry.example/workflows/a")], [],
        ] {
            let found = bundle(parameters)
            #expect(found.count == 1, "\(parameters)")
            #expect(found.allSatisfy { $0.hasPrefix("spec.workflowRef.resolver.params[bundle]: \(rule)") })
        }
    }

    @Test func `checks resolvers other than bundles by name`() {
        let sources = AllowedSources(resolvers: ["git", "cluster"])
        for name in ["git", "cluster", "bundles"] {
            #expect(problems(sources, resolver: Resolver(name: name)) == [], "\(name)")
        }
        let found = problems(sources, resolver: Resolver(name: "http"))
        #expect(
            found == [
                "spec.workflowRef.resolver.name: this operator allows only the resolvers git, cluster "
                    + "(--allowed-resolvers). Use another resolver or a Pipeline of the namespace, and create the "
                    + "execution again"
            ])
        #expect(problems(AllowedSources(registries: ["r.example"]), resolver: Resolver(name: "http")) == [])
    }

    @Test func `allows everything by default and nothing with none`() {
        let bundle = Resolver(name: "bundles", parameters: [MapEntry(key: "bundle", value: "evil.example/a")])
        for resolver in [bundle, Resolver(name: "http"), Resolver(name: "bundles")] {
            #expect(problems(AllowedSources(), image: "evil.example/a", resolver: resolver) == [])
        }
        let none = AllowedSources(registries: ["none"], resolvers: ["none"])
        let found = problems(none, image: "evil.example/a", resolver: Resolver(name: "git"))
        #expect(found.count == 2)
        #expect(found.first?.contains("this operator allows no image (--allowed-registries)") == true)
        #expect(found.last?.contains("this operator allows no resolver (--allowed-resolvers)") == true)
        #expect(problems(none) == [], "a Pipeline of the namespace")
    }

    @Test func `a message names only a few entries`() {
        let sources = AllowedSources(registries: (1...1000).map { "r\($0).example" })
        let found = problems(sources, image: "evil.example/a")
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.contains("r5.example and 995 more (--allowed-registries)") && $0.count < 300 })
    }
}
