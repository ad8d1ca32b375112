import Foundation

/// The C source that makes definitions and examples part of `towline-sandbox`.
enum EmbeddedFiles {
    private static let directories = ["crds", "examples", "examples/invalid", "examples/workflows"]

    static func file(in root: URL) throws -> GeneratedFile {
        let paths = try directories.flatMap { directory in
            try FileManager.default.contentsOfDirectory(atPath: root.appending(path: directory).path)
                .filter { $0.hasSuffix(".yaml") }.map { "\(directory)/\($0)" }
        }.sorted()
        let contents = paths.enumerated().map { index, path in
            "static const unsigned char file\(index)[] = {\n#embed \"../../\(path)\"\n};"
        }
        let entries = paths.enumerated().map { index, path in
            "    {\"\(path)\", file\(index), sizeof file\(index)},"
        }
        let text = """
            // \(GeneratedFile.notice)
            #include "CEmbedded.h"

            // #embed is in C23, and in clang for all versions of C.
            #pragma clang diagnostic ignored "-Wc23-extensions"

            \(contents.joined(separator: "\n"))

            static const struct towline_embedded_file files[] = {
            \(entries.joined(separator: "\n"))
            };

            struct towline_embedded_file towline_embedded_file(size_t index) {
                struct towline_embedded_file none = {NULL, NULL, 0};
                return index < sizeof files / sizeof files[0] ? files[index] : none;
            }

            """
        return GeneratedFile(path: "Sources/CEmbedded/files.c", content: text)
    }
}
