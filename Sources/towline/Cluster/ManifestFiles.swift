import FoundationEssentials
import KubeClient

/// Manifests on disk.
enum ManifestFiles {
    /// The largest file that is read, in bytes.
    private static let maximumSize = 16 << 20

    /// The documents of a file, or of all YAML and JSON files directly in a folder, by name.
    static func documents(at path: String) throws(UsageError) -> [JSONValue] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw UsageError("\(path): no such file or folder")
        }
        guard isFolder else { return try documents(inFile: path) }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw UsageError("\(path): cannot be read: \(error)")
        }
        var documents: [JSONValue] = []
        for name in names.sorted() where [".yaml", ".yml", ".json"].contains(where: name.hasSuffix) {
            documents += try self.documents(inFile: "\(path)/\(name)")
        }
        return documents
    }

    private static func documents(inFile path: String) throws(UsageError) -> [JSONValue] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let size = (attributes?[.size] as? Int) ?? 0
        guard size <= maximumSize else { throw UsageError("\(path): \(size) bytes; at most \(maximumSize) are read") }
        guard let data = FileManager.default.contents(atPath: path) else { throw UsageError("\(path): cannot be read") }
        do {
            return try YAML.documents(Array(data), source: path)
        } catch {
            throw UsageError("\(error)")
        }
    }
}
