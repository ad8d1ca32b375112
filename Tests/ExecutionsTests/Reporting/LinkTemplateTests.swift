import Testing
import TowlineAPI

@testable import Executions

@Suite struct LinkTemplateTests {
    private static let run = LinkedRun(engine: .tekton, namespace: "payments", name: "restart-3f9c2a71d0", uid: "u-1")
    private static let workflow = LinkedRun(
        engine: .argo, namespace: "payments", name: "restart-3f9c2a71d0", uid: "u-1")

    @Test(arguments: [
        (
            "Logs=https://logs.example/{engine}/{namespace}/{name}?u={uid}",
            "https://logs.example/tekton/payments/restart-3f9c2a71d0?u=u-1"
        ),
        ("Logs=HTTP://localhost:8080", "HTTP://localhost:8080"),
        ("Logs=https://{namespace}.example/a%7Bb=c&d=e#f", "https://payments.example/a%7Bb=c&d=e#f"),
        ("Logs=https://[::1]/{name}{name}", "https://[::1]/restart-3f9c2a71d0restart-3f9c2a71d0"),
    ])
    func `replaces placeholders`(template: String, url: String) throws {
        #expect(try LinkTemplate(template).link(to: Self.run) == Link(name: "Logs", url: url))
    }

    /// No API server gives such names out; a link that one of them can bend would still be one too many.
    @Test(arguments: [
        ("../../admin?x=1#y", "..%2F..%2Fadmin%3Fx%3D1%23y"), ("..", "%2E%2E"), (".", "%2E"), ("", ""),
        ("a b\r\nc", "a%20b%0D%0Ac"), ("ä{uid}%2F", "%C3%A4%7Buid%7D%252F"),
        ("javascript:alert(1)//", "javascript%3Aalert%281%29%2F%2F"),
        ("\"><script>'", "%22%3E%3Cscript%3E%27"), ("user@host:1", "user%40host%3A1"), ("A-z_0.~", "A-z_0.~"),
    ])
    func `escapes names in the URL`(name: String, escaped: String) throws {
        let hostile = LinkedRun(engine: .argo, namespace: name, name: name, uid: name)
        let link = try LinkTemplate("Logs=https://logs.example/{namespace}/{name}?u={uid}").link(to: hostile)
        #expect(link?.url == "https://logs.example/\(escaped)/\(escaped)?u=\(escaped)")
    }

    @Test func `a template can apply to one engine only`() throws {
        let template = try LinkTemplate("Jobs @ night@argo=https://jobs.example/{name}")
        #expect(template.link(to: Self.run) == nil)
        #expect(template.link(to: Self.workflow)?.name == "Jobs @ night")
    }

    @Test(arguments: [
        (
            "tekton-dashboard=https://tekton.example", "Tekton Dashboard",
            "https://tekton.example/#/namespaces/payments/pipelineruns/restart-3f9c2a71d0"
        ),
        (
            "tekton-dashboard=https://tekton.example/ui/", "Tekton Dashboard",
            "https://tekton.example/ui/#/namespaces/payments/pipelineruns/restart-3f9c2a71d0"
        ),
        (
            "openshift-console=https://console.example", "OpenShift console",
            "https://console.example/k8s/ns/payments/tekton.dev~v1~PipelineRun/restart-3f9c2a71d0"
        ),
        (
            "argo-ui=https://argo.example", "Argo UI",
            "https://argo.example/workflows/payments/restart-3f9c2a71d0?uid=u-1"
        ),
    ])
    func `a preset applies to its engine`(preset: String, name: String, url: String) throws {
        let template = try LinkTemplate(preset: preset)
        let links = [Self.run, Self.workflow].compactMap { template.link(to: $0) }
        #expect(links == [Link(name: name, url: url)])
        #expect((template.link(to: Self.workflow) != nil) == (name == "Argo UI"))
    }

    @Test(arguments: [
        ("Logs", "\"Logs\": = is missing; write NAME=URL"),
        ("Logs=", "\"Logs\": the URL after = is missing; write NAME=URL"),
        ("=https://x.example", "the name before = is missing"),
        (" \t=https://x.example", "the name before = is missing"),
        ("@tekton=https://x.example", "the name before = is missing"),
        ("Logs@jenkins=https://x.example", "unknown engine \"jenkins\"; end the name with @tekton or @argo"),
        ("a\u{7}=https://x.example", "control character"),
        ("Logs=ftp://x.example", "must start with https:// or http://"),
        ("Logs=javascript:alert(1)", "must start with https:// or http://"),
        ("Logs={engine}://x.example", "must start with https:// or http://"),
        ("Logs=https:///a", "has no host"),
        ("Logs=https://?a", "has no host"),
        ("Logs=https://user:word@x.example", "a user or password"),
        ("Logs=https://x.example/a b", "contains U+20; percent-encode it"),
        ("Logs=https://x.example/é", "contains U+E9"),
        ("Logs=https://x.example/{pod}", "unknown placeholder {pod}; use one of {engine}, {namespace}, {name}, {uid}"),
        ("Logs=https://x.example/{}", "unknown placeholder {}"),
        ("Logs=https://x.example/{Name}", "unknown placeholder {Name}"),
        ("Logs=https://x.example/{name", "a { has no } after it"),
        ("Logs=https://x.example/{{name}}", "a { has no } after it"),
        ("Logs=https://x.example/name}", "a } has no { before it"),
    ])
    func `the error about a template names it and the fix`(template: String, problem: String) {
        let error = #expect(throws: LinkTemplateError.self) { try LinkTemplate(template) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("user:word") == false, "a password is not repeated")
    }

    @Test(arguments: [
        ("tekton=https://x.example", "use one of tekton-dashboard, openshift-console, argo-ui"),
        ("argo-ui=https://x.example/#/", "must not contain ? or #"),
        ("argo-ui=x.example", "must start with https:// or http://"),
        ("argo-ui=", "write PRESET=URL"), ("argo-ui", "write PRESET=URL"),
    ])
    func `the error about a preset names it and the fix`(preset: String, problem: String) {
        let error = #expect(throws: LinkTemplateError.self) { try LinkTemplate(preset: preset) }
        #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
    }

    /// What is accepted at the start always has room in a status.
    @Test func `rejects names and URLs that are too long for the status`() throws {
        let start = "https://x.example/{namespace}/{name}/"
        let room = 2048 - "https://x.example///".utf8.count - 2 * 63
        let longest = try LinkTemplate("Logs=\(start)\(String(repeating: "a", count: room))")
        let name = String(repeating: "n", count: 63)
        let url = longest.link(to: LinkedRun(engine: .tekton, namespace: name, name: name, uid: ""))?.url
        #expect(url?.utf8.count == 2048)
        let error = #expect(throws: LinkTemplateError.self) {
            try LinkTemplate("Logs=\(start)\(String(repeating: "a", count: room + 1))")
        }
        #expect(error?.description.contains("2049 bytes") == true)
        #expect((error?.description.count ?? 999) < 300)
        _ = try LinkTemplate("\(String(repeating: "n", count: 253))=https://x.example")
        #expect(throws: LinkTemplateError.self) {
            try LinkTemplate("\(String(repeating: "n", count: 254))=https://x.example")
        }
    }

    @Test func `allows eight links with different names for each engine`() throws {
        func templates(_ count: Int, _ engine: String) throws -> [LinkTemplate] {
            try (0..<count).map { try LinkTemplate("\($0)\(engine)=https://x.example/\($0)") }
        }
        let full = try LinkTemplates(try templates(8, "@tekton") + templates(8, "@argo"))
        #expect(full.links(to: Self.run).map(\.name) == (0..<8).map(String.init))
        #expect(LinkTemplates().links(to: Self.run) == [])
        let many = #expect(throws: LinkTemplateError.self) { try LinkTemplates(try templates(9, "")) }
        #expect(many?.description.contains("9 links for runs of tekton; the maximum is 8") == true)
        let twice = #expect(throws: LinkTemplateError.self) {
            try LinkTemplates(try templates(1, "") + templates(1, "@argo"))
        }
        #expect(twice?.description.contains("for runs of argo are named \"0\"") == true)
    }
}
