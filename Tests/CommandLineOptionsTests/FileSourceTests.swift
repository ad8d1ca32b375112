import Testing

@testable import CommandLineOptions

@Suite struct FileSourceTests {
    private func values(_ text: String) throws -> [String: [GivenValue]] {
        try FileSource(Array(text.utf8), path: "t.yaml").values(for: Samples.syntax.options)
    }

    private func refusal(_ text: String) -> String? {
        let error = #expect(throws: UsageError.self) { try values(text) }
        #expect(error?.exitCode == 1)
        return error?.description
    }

    @Test func `reads every kind of value`() throws {
        let settings = try Samples.settings(
            ["--config", "t.yaml"],
            file: "names:\n  - a\n  - b\nworkerCount: 2\npause: 1m\nfruit: pear\nquiet: true\ntitle: '12'\n")
        #expect(try settings.value(Samples.names) == ["a", "b"])
        #expect(try settings.value(Samples.workers) == 2)
        #expect(try settings.value(Samples.pause) == .seconds(60))
        #expect(try settings.value(Samples.fruit) == .pear)
        #expect(try settings.value(Samples.quiet))
        #expect(try settings.value(Samples.title) == "12")
        #expect(
            settings.values(Samples.names.syntax).map(\.origin.label) == [
                "t.yaml:4:5: names[0]", "t.yaml:5:5: names[1]",
            ])
    }

    @Test(arguments: [
        ("workerCuont: 2", "t.yaml:3:1: unknown key \"workerCuont\"; did you mean workerCount?"),
        ("worker-count: 2", "t.yaml:3:1: unknown key \"worker-count\"; did you mean workerCount?"),
        ("somethingElse: 2", "t.yaml:3:1: unknown key \"somethingElse\"; valid keys are names, workerCount, "),
        // Options of the command line and the environment only have no key.
        ("config: other.yaml", "t.yaml:3:1: unknown key \"config\""),
        ("now: true", "t.yaml:3:1: unknown key \"now\""),
        (
            "workerCount: '2'",
            "t.yaml:3:14: workerCount: expected a whole number from 1 to 8, found the string \"2\"; write it without quotes"
        ),
        ("workerCount: 2.5", "t.yaml:3:14: workerCount: expected a whole number from 1 to 8, found 2.5"),
        (
            "workerCount:",
            "t.yaml:3:13: workerCount: expected a whole number from 1 to 8, found nothing; remove the key to use the default"
        ),
        ("workerCount: [2]", "found a list; give one value"),
        ("workerCount: {}", "found a mapping; give one value"),
        (
            "pause: 10",
            "t.yaml:3:8: pause: expected a duration such as 500ms, 10s or 1m30s, from 100ms to 1h, found 10; put it in quotes"
        ),
        ("title: true", "t.yaml:3:8: title: expected a title, found true; put it in quotes"),
        (
            "quiet: yes",
            "t.yaml:3:8: quiet: expected true or false, found the string \"yes\"; write true or false, without quotes"
        ),
        ("quiet: 1", "t.yaml:3:8: quiet: expected true or false, found 1"),
        ("names: a", "t.yaml:3:8: names: expected a list; write [\"a\"]"),
        ("names:", "t.yaml:3:7: names: expected a list; remove the key to use the default"),
        ("names: [a, 2]", "t.yaml:3:12: names[1]: expected the name of a namespace, found 2; put it in quotes"),
        ("workerCount: 1\nquiet: true\nworkerCount: 2", "t.yaml:5:1: duplicate key \"workerCount\""),
        ("names: [a", "t.yaml:"),
        ("---\nquiet: true", "t.yaml: the file has several documents; keep one"),
    ])
    func `an error names the place and the fix`(text: String, message: String) {
        let refusal = refusal(Samples.header + text)
        #expect(refusal?.hasPrefix("t.yaml:") == true)
        #expect(refusal?.contains(message) == true, "\(refusal ?? "")")
    }

    @Test(arguments: [
        ("", "t.yaml: apiVersion: expected config.towline.dev/v1alpha1; a configuration starts with "),
        ("- a", "t.yaml: expected a mapping of keys and values"),
        (
            "apiVersion: v1\nkind: ConfigMap\n",
            "t.yaml:1:13: apiVersion: expected config.towline.dev/v1alpha1, not \"v1\"; a configuration starts with "
        ),
        (
            "apiVersion: config.towline.dev/v1alpha1\nkind: Configuration\n",
            "t.yaml:2:7: kind: expected OperatorConfiguration, not \"Configuration\"; "
        ),
    ])
    func `rejects other files`(text: String, message: String) {
        #expect(refusal(text)?.hasPrefix(message) == true)
    }
}
