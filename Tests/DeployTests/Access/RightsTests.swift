import Operator
import Testing

/// The operator's demand is as small as it can be.
@Suite struct RightsTests {
    @Test func nothingThatGivesAwayMoreThanItSays() {
        let forbidden = ["secrets", "pods", "configmaps", "serviceaccounts", "nodes", "roles", "clusterroles"]
        for right in Right.all {
            #expect(!right.group.contains("*") && !right.resource.contains("*"))
            #expect(!right.group.isEmpty, "\(right.resource): nothing of the core group")
            #expect(!forbidden.contains(right.resource))
            #expect(!right.verbs.isEmpty && !right.purpose.isEmpty && !right.loss.isEmpty)
        }
    }

    @Test func noVerbIsAskedForTwice() {
        let asked = Right.all.flatMap { right in right.verbs.map { "\($0) \(right.qualifiedResource)" } }
        #expect(Set(asked).count == asked.count)
    }

    @Test func resourcesAreNamedAsMessagesNameThem() {
        let names = Set(Right.all.map(\.qualifiedResource))
        for name in ["workflowexecutions.towline.dev/status", "pipelineruns.tekton.dev", "workflows.argoproj.io"] {
            #expect(names.contains(name))
        }
    }
}
