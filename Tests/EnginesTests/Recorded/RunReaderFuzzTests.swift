import Foundation
import KubeClient
import Testing

@testable import Engines

/// Recorded runs with damage done to them: a reader gives a state or a ``JSONError``, and never traps.
///
/// `FUZZ_CASES` sets how many cases run for each engine, `FUZZ_SEED` repeats one run of them.
@Suite struct RunReaderFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private let cases = environment["FUZZ_CASES"].flatMap(Int.init) ?? 400
    private let seed = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...(.max))

    @Test(arguments: ["tekton", "argo"])
    func damagedRunsAreReadOrRefused(_ folder: String) throws {
        let engine = try #require(EngineCatalogue.all.first { $0.name.rawValue == folder })
        let recordings = try Recording.all(of: folder)
        var random = SplitMix(state: seed)
        var readable = 0
        for _ in 0..<cases {
            guard let recording = recordings.randomElement(using: &random),
                let text = recording.runs.randomElement(using: &random)
            else { continue }
            guard let run = try? read(damaged(text, &random), by: engine) else { continue }
            readable += 1
            #expect(!run.state.message.isEmpty && run.state.message.utf8.count <= 1024)
            _ = engine.shutdownPatch(.stop, for: run)
            _ = engine.childListing(for: run)
            _ = try? engine.state(of: run, children: damaged(recording.taskRunList, &random))
        }
        #expect(readable > 0, "nothing readable with seed \(seed)")
    }

    private func damaged(_ text: [UInt8], _ random: inout SplitMix) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...3, using: &random) where !text.isEmpty {
            let place = Int.random(in: 0..<text.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: text.removeLast(text.count - place)
            case 1: text[place] ^= UInt8.random(in: 1...255, using: &random)
            case 2: text.remove(at: place)
            default: text = swapping(text, &random) ?? text
            }
        }
        return text
    }

    /// Puts a value of another type, or an extreme one, in the place of one somewhere in the tree.
    private func swapping(_ text: [UInt8], _ random: inout SplitMix) -> [UInt8]? {
        guard var value = try? JSONValue(parsing: text) else { return nil }
        swap(&value, &random)
        return value.encoded
    }

    private static let strange: [JSONValue] = [
        .null, true, 0, -1, 9_223_372_036_854_775_807, 1.5e300, "", "Succeeded", "\u{0}…", [], [.null, 7, "x"],
        .object(JSONObject()), "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "99999999999h",
        .string(String(repeating: "é", count: 3000)),
    ]

    private func swap(_ value: inout JSONValue, _ random: inout SplitMix) {
        switch value {
        case .object(var object) where Int.random(in: 0..<8, using: &random) > 0:
            guard let member = object.members.randomElement(using: &random) else { return }
            var child = member.value
            swap(&child, &random)
            object[member.key] = child
            value = .object(object)
        case .array(var elements) where Int.random(in: 0..<8, using: &random) > 0:
            guard let index = elements.indices.randomElement(using: &random) else { return }
            swap(&elements[index], &random)
            value = .array(elements)
        default: value = Self.strange.randomElement(using: &random) ?? .null
        }
    }
}

/// A generator whose numbers follow from its seed alone.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
