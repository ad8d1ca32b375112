import Foundation
import TestSupport
import Testing

/// What scanners of repositories look for is not in the tree: tests make their keys and tokens themselves.
@Suite struct SecretScanTests {
    @Test func nothingInTheTreeIsASecret() throws {
        let folders = ["Sources", "Tests", "crds", "deploy", "docs", "examples"]
        let files = try folders.flatMap(Repository.files(below:)) + ["Package.swift", "Makefile", "README.md"]
        try #require(files.count > 500)
        for file in files {
            // What is no text holds no text.
            guard let text = try? Repository.text(file) else { continue }
            #expect(SecretScan.finds(in: text) == [], "\(file)")
        }
    }

    /// Samples that would be finds themselves are put together here.
    @Test func eachKindIsFound() {
        let base64 = Data((0..<48).map { UInt8(truncatingIfNeeded: $0 * 37) }).base64EncodedString()
        let part = "ey" + "JhbGciOiJub25lIn0"
        let samples = [
            "-----" + "BEGIN EC PRIVATE KEY-----\n\(base64)\n",
            "let key = \"-----" + "BEGIN CERTIFICATE-----\\n\(base64)\"",
            "Bearer \(part).\(part).c2ln", "    client-key" + "-data: \(base64)",
            "{\"certificate-authority" + "-data\": \"\(base64)\"}", "to" + "ken: \(base64.filter(\.isLetter))",
            "pass" + "word: \"hunter2hunter2\"", "key = AK" + "IAABCDEFGHIJKLMNOP",
            "apiVersion: v1\nki" + "nd: Secret\nmetadata: {name: a}\nstringData:\n  a: b\n",
            "{\n \"ki" + "nd\": \"Secret\",\n \"data\": {}}",
        ]
        for sample in samples { #expect(SecretScan.finds(in: "first\n" + sample).count == 1, "\(sample)") }
        for harmless in [
            "ki" + "nd: Secret\nmetadata: {name: a}\n", "tokenFile: /var/run/token", "client-key-data: AQI=",
        ] {
            #expect(SecretScan.finds(in: harmless) == [])
        }
    }
}
