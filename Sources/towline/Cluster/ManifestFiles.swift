import FoundationEssentials
import KubeClient

/// Manifests on disk.
enum ManifestFiles {
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
        switch BoundedFile.read(path, upTo: YAML.maximumSize) {
        case .failure(let error): throw UsageError(error.message)
        case .success(let bytes):
            do {
                return try YAML.documents(bytes, source: path)
            } catch {
                throw UsageError("\(error)")
            }
        }
    }
}
