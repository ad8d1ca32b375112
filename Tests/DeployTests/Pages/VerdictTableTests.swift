import Testing

/// The table at the top of docs/gitops.md is what the other tests here hold the tools to.
@Suite struct VerdictTableTests {
    @Test(
        arguments: [
            ("no operator has read it", Verdict.unseen), ("Pending or Running", .underWay),
            ("Running, reason `Suspended`", .held), ("Completed", .success), ("Failed", .failure),
        ])
    func thePageSaysIt(_ beginning: String, _ verdict: Verdict) throws {
        let rows = try Markdown(path: "docs/gitops.md").rows.filter { $0.first?.hasPrefix(beginning) == true }
        try #require(rows.count == 1)
        #expect(Array(rows[0].dropFirst().prefix(2)) == [verdict.health, verdict.kstatus.rawValue])
    }
}
