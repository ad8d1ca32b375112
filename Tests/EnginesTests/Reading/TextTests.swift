import KubeClient
import Testing

@testable import Engines

/// The small readers of texts.
@Suite struct TextTests {
    @Test(
        arguments: [
            ("Tasks Completed: 3 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 1", "4/6"),
            ("Tasks Completed: 5 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0", "5/5"),
            ("Tasks Completed: 5 (Failed: 1, Cancelled 0), Skipped: 0, Failed Validation: 1 (a)", "5/5"),
            ("Tasks Completed: 0 (Failed: 0, Cancelled 0), Skipped: 0", nil),
            ("Tasks Completed: 99999999999 (Failed: 0, Cancelled 0), Skipped: 0", nil),
            ("Tasks Completed: 999999999 (Failed: 0, Cancelled 0), Incomplete: 999999999, Skipped: 999999999", nil),
            ("Tasks Completed: -1 (Failed: 0, Cancelled 0), Skipped: 0", nil), ("Tasks Completed: ", nil), ("", nil),
            ("the task \"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0\" failed", nil),
        ] as [(String, String?)])
    func tektonsCounts(_ message: String, _ progress: String?) {
        #expect(TaskTally(message)?.progress?.description == progress)
    }

    @Test(arguments: [
        ("3/7", true), ("7/7", true), ("0/1", true), ("0/0", false), ("8/7", false), ("a/b", false), ("3", false),
        ("3/", false), ("3/7 ", false), ("-1/7", false), ("1/99999999999", false), ("", false),
    ])
    func argosProgress(_ text: String, _ isValid: Bool) {
        #expect((Progress(text)?.description == text) == isValid)
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
