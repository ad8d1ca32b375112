import TestSupport
import Testing
import TowlineAPI

@Suite struct RunNameTests {
    private let uid = "3f9c2a71-d0aa-4bbb-8ccc-0123456789ab"

    @Test(arguments: [
        ("restart-payment-api", "restart-payment-api-3f9c2a71d0"),
        ("a", "a-3f9c2a71d0"),
        ("nightly.backup.v2", "nightly-backup-v2-3f9c2a71d0"),
        (String(repeating: "x", count: 253), String(repeating: "x", count: 52) + "-3f9c2a71d0"),
        (String(repeating: "x", count: 51) + ".yz", String(repeating: "x", count: 51) + "-3f9c2a71d0"),
        (String(repeating: "x", count: 50) + "--yz", String(repeating: "x", count: 50) + "-3f9c2a71d0"),
        ("", "3f9c2a71d0"),
        ("...", "3f9c2a71d0"),
        ("Übung", "bung-3f9c2a71d0"),
    ])
    func `a run name ends with digits of the UID`(_ execution: String, _ expected: String) {
        #expect(RunName.of(executionName: execution, uid: uid) == expected)
    }

    @Test(arguments: ["", "-", "zz", "3f", "3F9C2A71"])
    func `an unusual UID still gives a valid name`(_ uid: String) {
        let name = RunName.of(executionName: "backup", uid: uid)
        #expect(name.hasPrefix("backup-"))
        #expect(name.utf8.count == "backup-".utf8.count + 10)
    }

    @Test func `every run name is a DNS label`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SplitMix(seed: seed)
        let alphabet = Array("abcxyz019-.")
        for _ in 0..<2000 {
            let length = Int.random(in: 1...253, using: &generator)
            let execution = String((0..<length).map { _ in alphabet.randomElement(using: &generator) ?? "a" })
            let name = RunName.of(executionName: execution, uid: uid)
            #expect(name.utf8.count <= RunName.maximumLength)
            #expect(
                name.wholeMatch(of: /[a-z0-9]([-a-z0-9]*[a-z0-9])?/) != nil, "\(execution) became \(name), seed \(seed)"
            )
            #expect(name.hasSuffix("3f9c2a71d0"))
        }
    }
}
