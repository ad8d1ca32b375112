import Foundation
import TestSupport

/// A page of the documentation.
struct Markdown {
    let text: String

    init(path: String) throws {
        text = try Repository.text(path)
    }

    /// The fenced blocks of a language, without their fences.
    func blocks(of language: String) -> [String] {
        text.components(separatedBy: "```").enumerated().compactMap { index, block in
            guard !index.isMultiple(of: 2), block.hasPrefix(language + "\n") else { return nil }
            return String(block.dropFirst(language.count + 1))
        }
    }

    /// The cells of all rows of tables.
    var rows: [[String]] {
        text.split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}
