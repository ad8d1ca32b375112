import CEmbedded
import CommandLineOptions
import FoundationEssentials
import KubeClient

/// An object of a manifest file, with its location for messages.
struct Manifest: Sendable {
    /// `FILE:LINE`, the line being the first one of the document; `FILE` if the line is unknown.
    let place: String
    let object: JSONValue

    /// Reads a file, or all YAML and JSON files directly in a directory in the order of their names.
    static func read(at path: String) throws(UsageError) -> [Manifest] {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw UsageError("\(path): no such file or directory", exitCode: 1)
        }
        guard isDirectory else { return try read(file: path) }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw UsageError("cannot read \(path): \(error)", exitCode: 1)
        }
        var manifests: [Manifest] = []
        for name in names.sorted() where [".yaml", ".yml", ".json"].contains(where: name.hasSuffix) {
            manifests += try read(file: "\(path)/\(name)")
        }
        return manifests
    }

    private static func read(file path: String) throws(UsageError) -> [Manifest] {
        switch BoundedFile.read(path, upTo: YAML.maximumSize) {
        case .failure(let error): throw UsageError(error.message, exitCode: 1)
        case .success(let bytes): return try parse(bytes, source: path)
        }
    }

    /// Parses the documents of a file; each item of a `kind: List` is one object.
    static func parse(_ bytes: [UInt8], source: String) throws(UsageError) -> [Manifest] {
        let documents: [JSONValue]
        do {
            documents = try YAML.documents(bytes, source: source)
        } catch {
            throw UsageError("\(error)", exitCode: 1)
        }
        let lines = documentLines(String(decoding: bytes, as: UTF8.self))
        return documents.enumerated().flatMap { index, document in
            let place = lines.count == documents.count ? "\(source):\(lines[index])" : source
            let objects = document["kind"] == "List" ? document["items"]?.arrayValue ?? [] : [document]
            return objects.map { Manifest(place: place, object: $0) }
        }
    }

    /// The first line of each document that is not empty, counted from 1.
    private static func documentLines(_ text: String) -> [Int] {
        var lines: [Int] = []
        var isInside = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line == "---" || line.hasPrefix("--- ") {
                isInside = false
            } else if !isInside, let first = line.first(where: { !$0.isWhitespace }), first != "#" {
                lines.append(index + 1)
                isInside = true
            }
        }
        return lines
    }
}

// MARK: Embedded files

/// A file of the repository that is part of the executable.
struct EmbeddedFile: Sendable {
    /// The path below the root of the repository.
    let path: String
    let bytes: [UInt8]

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The files directly in a directory of the repository, in the order of their names.
    static func files(in directory: String) -> [EmbeddedFile] {
        all.filter { $0.path.hasPrefix("\(directory)/") && !$0.path.dropFirst(directory.count + 1).contains("/") }
    }

    static let all: [EmbeddedFile] = {
        var files: [EmbeddedFile] = []
        while true {
            let file = towline_embedded_file(files.count)
            guard let path = file.path else { return files }
            let bytes = UnsafeBufferPointer(start: file.bytes, count: file.size)
            files.append(EmbeddedFile(path: String(cString: path), bytes: Array(bytes)))
        }
    }()
}

extension Manifest {
    /// The objects of the embedded files of a directory.
    static func embedded(in directory: String) throws(UsageError) -> [Manifest] {
        var manifests: [Manifest] = []
        for file in EmbeddedFile.files(in: directory) { manifests += try parse(file.bytes, source: file.path) }
        return manifests
    }
}
