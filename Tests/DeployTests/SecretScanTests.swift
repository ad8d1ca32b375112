import Foundation
import TestSupport
import Testing

/// The repository has no secrets; tests create their keys and tokens when they run.
@Suite struct SecretScanTests {
    @Test func `no file contains a secret`() throws {
        let folders = ["Sources", "Tests", "crds", "deploy", "docs", "examples"]
        let files = try folders.flatMap(Repository.files(below:)) + ["Package.swift", "Makefile", "README.md"]
        try #require(files.count > 500)
        for file in files {
            // Binary files are skipped.
            guard let text = try? Repository.text(file) else { continue }
            #expect(SecretScan.finds(in: text) == [], "\(file)")
        }
    }

    /// The samples are assembled from parts, so that this file does not match.
    @Test func `finds each kind of secret`() {
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

/// Finds what repository scanners consider a secret.
enum SecretScan {
    private struct Pattern {
        let name: String
        /// The text at which a match starts.
        let anchor: String
        /// A regular expression for the text from there on.
        let expression: String
    }

    private static let patterns = [
        Pattern(
            name: "a PEM block", anchor: "-----BEGIN ",
            expression: #"^-----BEGIN [A-Z0-9 ]+-----(\\n|\s)*[A-Za-z0-9+/=]{24}"#),
        Pattern(
            name: "a JSON Web Token", anchor: "eyJ", expression: #"^eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."#),
        Pattern(
            name: "credentials of a kubeconfig", anchor: "-data",
            expression: #"^-data"?\s*:\s*["']?[A-Za-z0-9+/]{40}"#),
        Pattern(name: "a token", anchor: "token", expression: #"^token"?\s*[:=]\s*["']?[A-Za-z0-9_.-]{32}"#),
        Pattern(name: "a password", anchor: "password", expression: #"^password"?\s*[:=]\s*["'][^"'\s\\]{8}"#),
        Pattern(name: "a cloud provider's key", anchor: "AKIA", expression: "^AKIA[A-Z0-9]{16}"),
    ]

    /// How many characters after an anchor are matched.
    private static let window = 400

    /// The matches, each with its line number.
    static func finds(in text: String) -> [String] {
        patterns.flatMap { pattern in
            text.ranges(of: pattern.anchor).compactMap { range in
                let end = text.index(range.lowerBound, offsetBy: window, limitedBy: text.endIndex) ?? text.endIndex
                let part = String(text[range.lowerBound..<end])
                guard part.range(of: pattern.expression, options: .regularExpression) != nil else { return nil }
                return "line \(text[..<range.lowerBound].count { $0.isNewline } + 1): \(pattern.name)"
            }
        } + secretObjects(in: text)
    }

    /// Manifests of Secrets with data.
    private static func secretObjects(in text: String) -> [String] {
        text.components(separatedBy: "\n---").compactMap { document in
            guard document.range(of: #"kind"?:\s*"?Secret\b"#, options: .regularExpression) != nil,
                document.range(of: #"(?m)^\s*"?(data|stringData)"?:"#, options: .regularExpression) != nil
            else { return nil }
            return "a Secret with data"
        }
    }
}
