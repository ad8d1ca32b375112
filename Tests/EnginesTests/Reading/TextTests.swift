import KubeClient
import Testing

@testable import Engines

/// The small readers of texts.
@Suite struct TextTests {
    @Test(
        arguments: [
            ("Tasks Completed: 3 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 1", "3/6"),
            ("Tasks Completed: 5 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0", "4/5"),
            ("Tasks Completed: 5 (Failed: 1, Cancelled 0), Skipped: 0, Failed Validation: 1 (a)", "4/6"),
            ("Tasks Completed: 0 (Failed: 0, Cancelled 0), Skipped: 0", nil),
            ("Tasks Completed: 99999999999 (Failed: 0, Cancelled 0), Skipped: 0", nil),
            ("Tasks Completed: 999999999 (Failed: 0, Cancelled 0), Incomplete: 999999999, Skipped: 999999999", nil),
            ("Tasks Completed: -1 (Failed: 0, Cancelled 0), Skipped: 0", nil), ("Tasks Completed: ", nil), ("", nil),
            ("the task \"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0\" failed", nil),
        ] as [(String, String?)])
    func tektonsCounts(_ message: String, _ progress: String?) {
        #expect(TaskTally(message)?.progress(conditionalSkips: 0)?.description == progress)
    }

    @Test func skipsByConditionAreDone() {
        let tally = TaskTally("Tasks Completed: 5 (Failed: 2 (Ignored: 1), Cancelled 1), Skipped: 3")
        #expect(tally?.progress(conditionalSkips: 1)?.description == "3/8")
        #expect(tally?.progress(conditionalSkips: .max)?.description == "5/8")
    }

    @Test(arguments: [
        ("3/7", true), ("7/7", true), ("0/1", true), ("0/0", false), ("8/7", false), ("a/b", false), ("3", false),
        ("3/", false), ("3/7 ", false), ("-1/7", false), ("1/99999999999", false), ("", false),
    ])
    func argosProgress(_ text: String, _ isValid: Bool) {
        #expect((Progress(text)?.description == text) == isValid)
    }

    /// An exit code of 32 bits has ten digits at most, with a sign or without.
    @Test(
        arguments: [
            ("0)", 0), ("-1073741819)", -1_073_741_819), ("3221225786)", 3_221_225_786), ("4294967295", 4_294_967_295),
            ("99999999999", nil), ("-", nil), ("", nil), ("x1", nil), ("+1", nil), ("--1", nil),
        ] as [(String, Int64?)])
    func exitCodes(_ text: String, _ number: Int64?) {
        var scanner = TextScanner(text)
        #expect(scanner.integer() == number)
    }

    @Test(arguments: [
        "3f9c2a71-d000-4000-8000-0000000000ff", "3F9C2A71-D000-4000-8000-0000000000FF", "", "u",
        "3f9c2a71-d000-4000-8000-0000000000f", "3f9c2a71xd000-4000-8000-0000000000ff",
        "3f9c2a71d-000-4000-8000-0000000000ff", "------------------------------------",
        "3f9c2a71-d000-4000-8000-0000000000ffa", "éééééééééééééééééé",
    ])
    func uidsComeBackAsTheyWere(_ text: String) {
        #expect(CompactUID(text).text == text)
        #expect(CompactUID(text) == CompactUID(text))
    }

    @Test func uuidsTakeNoHeap() {
        guard case .uuid = CompactUID("3f9c2a71-d000-4000-8000-0000000000ff") else {
            Issue.record("kept as text")
            return
        }
    }
}
